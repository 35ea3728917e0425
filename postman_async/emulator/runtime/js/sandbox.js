'use strict';

const path = require('path');
const { Worker } = require('worker_threads');
// Not public modules: the versions are pinned exactly, and a test boots a sandbox.
const PostmanSandbox = require('postman-sandbox/lib/postman-sandbox');
const { readBootCode } = require('./bootcode');

const THREAD = path.join(__dirname, 'sandbox-thread.js');
const OUT_OF_MEMORY = 'ERR_WORKER_OUT_OF_MEMORY';
const MEGA = 2 ** 20;

let bootCode;
let codeCache;      // V8's code cache of the first boot, which halves the time of later boots

function keepCodeCache (message) {
    if (!message?.codeCache || codeCache) { return; }
    codeCache = new SharedArrayBuffer(message.codeCache.length);
    new Uint8Array(codeCache).set(message.codeCache);
}

/** A thread with Postman's script environment, for one script at a time; not reused after it ended. */
class Sandbox extends PostmanSandbox {
    /** Starts a thread; resolves when it accepts scripts. */
    static async boot (config) {
        bootCode ??= await readBootCode();
        const sandbox = new Sandbox();
        await sandbox.start(config);
        return sandbox;
    }

    start (config) {
        const { heapMb } = config;
        this.config = config;
        this.scriptBegins();
        this.busySince = undefined;
        this.on('error', () => {});     // events can still arrive after the end of the thread
        // No `execArgv`: a thread with its own options leaves the permission model of the process.
        this.thread = new Worker(THREAD, {
            env: {}, argv: [], stdout: true, stderr: true, workerData: { bootCode, codeCache },
            resourceLimits: { maxOldGenerationSizeMb: heapMb, maxYoungGenerationSizeMb: 16, stackSizeMb: 4 }
        });
        return new Promise((resolve, reject) => {
            this.thread.on('message', keepCodeCache);
            this.thread.on('message', (message) => this.measure(message));
            this.thread.once('error', (error) => { reject(error); this.lose(error); });
            this.thread.once('exit', () => { reject(new Error('the sandbox ended')); this.lose(); });
            this.initialize({}, { bootCode: '__boot()', _sandbox: this.thread },
                (error) => (error ? reject(error) : resolve()));
        });
    }

    /** Whether the next script can run here. */
    get usable () {
        return this.isReady && !this.hasTimedOut;
    }

    /** Resets the counters, which are per script. */
    scriptBegins () {
        this.busySince = Date.now();
        this.messages = 0;
        this.characters = 0;
    }

    /** Ends a script with too much output (console, tests, variables): each message costs memory and time here. */
    measure ({ __emit_uvm: text }) {
        if (typeof text !== 'string' || this.ended) { return; }
        const { maxMessages, maxMessageMb, maxMessagesMb } = this.config;
        this.messages += 1;
        this.characters += text.length;
        if (text.length > maxMessageMb * MEGA) {
            this.endScript(`the script said more than ${maxMessageMb} MB at once (a test, a variable or a log entry)`);
        } else if (this.messages > maxMessages) {
            this.endScript(`the script said more than ${maxMessages} things (tests, log entries, requests)`);
        } else if (this.characters > maxMessagesMb * MEGA) {
            this.endScript(`the script said more than ${maxMessagesMb} MB (tests, variables, log entries)`);
        }
    }

    /** Fails the scripts of an ended thread now, not at their timeout. */
    lose (error) {
        if (!this.usable) { return; }
        this.isReady = false;
        const memory = `script ran out of memory (it may have ${this.config.heapMb} MB)`;
        this.failScripts(error?.code === OUT_OF_MEMORY ? memory : 'the sandbox ended');
    }

    failScripts (message) {
        for (const id of Object.keys(this._executing)) {
            this.emit('execution.result.' + id, new Error('sandbox: ' + message));
        }
    }

    /** Ends the script and the thread; the message names the exceeded limit. */
    endScript (message) {
        if (!this.usable) { return; }
        this.isReady = false;
        this.failScripts(message);
        this.ended = true;
        this.disconnect();
    }

    /** PostmanSandbox also calls this to interrupt a script, which only the end of the thread can do. */
    disconnect (done) {
        this.isReady = false;
        super.disconnect(() => {});
        this.thread.terminate().then(() => done?.());
    }

    /** Forwards events to the run that uses the sandbox. */
    emit (name, ...rest) {
        if (this.ended) { return false; }       // a message from before the end
        const heard = super.emit(name, ...rest);
        this.user?.emit(name, ...rest);
        return heard;
    }
}

module.exports = { Sandbox };
