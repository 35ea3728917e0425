'use strict';

/*
 * The process behind CollectionEngine: one JSON document per line, both ways.
 *
 *   in   {"op": "run", "id", "collection", "environment", "globals", "options"}
 *        {"op": "convert", "id", "specification", "options", "timeout"}
 *        {"op": "sync", "id", "specification", "collection", "timeout"}
 *        {"op": "upgrade", "id", "collection", "timeout"}
 *        {"op": "abort", "id"}      abort a run or a conversion; without an answer
 *        {"op": "stats", "id"}      counters
 *   out  {"ready": true, "pid", "node"}
 *        {"id", "ok": true, "result", "memoryMb"}     the memory of the process after the job
 *        {"id", "ok": false, "error": {"name", "message"}}
 *
 * Closing stdin ends the process, so it does not outlive its parent.
 */

// stdout carries the protocol: the output of libraries goes to stderr
for (const level of ['log', 'info', 'debug']) { console[level] = console.error; }

const { SandboxPool } = require('./pool');
const { RunQueue } = require('./queue');
const { Conversions } = require('./conversions');
const { readLines } = require('./lines');

const MEMORY_CHECK_MS = 100;
const RELIEF_MS = 1000;     // an ended thread releases its memory with a delay

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
 * Typed arrays are outside the heaps that V8 limits; only the size of the process includes them. The longest running
 * script is ended first, since others take milliseconds; without a script, or if the memory stays high, the process
 * ends.
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
        console.error(`the runtime used more than ${config.memoryMb} MB`);
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
