'use strict';

/*
 * The process behind CollectionEngine: one JSON document per line, both ways.
 *
 *   in   {"op": "run", "id", "collection", "environment", "globals", "options"}
 *        {"op": "convert", "id", "specification", "options", "timeout"}
 *        {"op": "sync", "id", "specification", "collection", "timeout"}
 *        {"op": "upgrade", "id", "collection", "timeout"}
 *        {"op": "abort", "id"}      end that run or conversion; nothing is answered
 *        {"op": "stats", "id"}      counters, for tests and for the curious
 *   out  {"ready": true, "pid", "node"}
 *        {"id", "ok": true, "result", "memoryMb"}     the memory that the process has by then
 *        {"id", "ok": false, "error": {"name", "message"}}
 *
 * Closing stdin ends the process, so it never outlives the one that started it.
 */

// stdout belongs to the protocol: whatever a library prints goes to stderr
for (const level of ['log', 'info', 'debug']) { console[level] = console.error; }

const { SandboxPool } = require('./pool');
const { RunQueue } = require('./queue');
const { Conversions } = require('./conversions');
const { readLines } = require('./lines');

const MEMORY_CHECK_MS = 100;
const RELIEF_MS = 1000;     // a thread that was ended gives its memory back a little later

const config = JSON.parse(process.argv[2]);
const pool = new SandboxPool(config);
const runs = new RunQueue(pool, config);
const conversions = new Conversions(config);

function send (message) {
    process.stdout.write(JSON.stringify(message) + '\n');
}

function describe (error) {
    return { name: error?.name ?? 'Error', message: String(error?.message ?? error) };
}

function answer (id, promise) {
    promise.then(
        (result) => send({ id, ok: true, result, memoryMb: process.memoryUsage.rss() / 2 ** 20 }),
        (error) => send({ id, ok: false, error: describe(error) })
    );
}

const operations = {
    run: (message) => answer(message.id, runs.add(message)),
    convert: (message) => answer(message.id, conversions.add(message)),
    sync: (message) => answer(message.id, conversions.add(message)),
    upgrade: (message) => answer(message.id, conversions.add(message)),
    abort ({ id }) { runs.abort(id); conversions.abort(id); },
    stats: ({ id }) => send({ id, ok: true, result: { ...runs.stats(), ...pool.stats() } })
};

/*
 * Typed arrays live outside the heaps that V8 limits; only the size of the process shows them. The script that has
 * been at work longest is ended first, since others take milliseconds; without one, or when that was no relief, the
 * process has to go.
 */
function watchMemory () {
    const limit = config.memoryMb * 2 ** 20;
    let patience = 0;
    setInterval(() => {
        const used = process.memoryUsage.rss();
        if (used < limit || (used < 2 * limit && Date.now() < patience)) { return; }
        if (used < 2 * limit && pool.endBusiest()) {
            patience = Date.now() + RELIEF_MS;
            return;
        }
        console.error(`the engine used more than ${config.memoryMb} MB`);
        process.exit(70);
    }, MEMORY_CHECK_MS).unref();
}

process.stdout.on('error', () => process.exit(0));
process.stdin.on('end', () => process.exit(0));
readLines(process.stdin, (line) => {
    const message = JSON.parse(line);
    operations[message.op](message);
});
watchMemory();
pool.topUp();
send({ ready: true, pid: process.pid, node: process.version });
