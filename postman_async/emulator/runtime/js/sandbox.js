'use strict';

const path = require('path');
const { Worker } = require('worker_threads');
// Not public modules: the versions are pinned exactly, and a test boots a sandbox.
const PostmanSandbox = require('postman-sandbox/lib/postman-sandbox');
const loadBootCode = require('postman-sandbox/.cache/bootcode');

const THREAD = path.join(__dirname, 'sandbox-thread.js');
const OUT_OF_MEMORY = 'ERR_WORKER_OUT_OF_MEMORY';

let bootCode;
let codeCache;      // what V8 compiled at the first boot: later boots take half the time

function keepCodeCache (message) {
    if (!message?.codeCache || codeCache) { return; }
    codeCache = new SharedArrayBuffer(message.codeCache.length);
    new Uint8Array(codeCache).set(message.codeCache);
}

function readBootCode () {
    return new Promise((resolve, reject) => {
        loadBootCode((error, code) => (error ? reject(error) : resolve(String(code))));
    });
}

/** A thread with Postman's script environment, used for one script at a time and never again once it died. */
class Sandbox extends PostmanSandbox {
    /** Starts a thread and resolves once it takes scripts. */
    static async boot (config) {
        bootCode ??= await readBootCode();
        const sandbox = new Sandbox();
        await sandbox.start(config);
        return sandbox;
    }

    start ({ heapMb }) {
        this.on('error', () => {});     // a script can still talk to a thread that just ended
        // No `execArgv`: a thread that is given its own leaves the process's permission model.
        this.thread = new Worker(THREAD, {
            env: {}, argv: [], stdout: true, stderr: true, workerData: { bootCode, codeCache },
            resourceLimits: { maxOldGenerationSizeMb: heapMb, maxYoungGenerationSizeMb: 16, stackSizeMb: 4 }
        });
        return new Promise((resolve, reject) => {
            this.thread.on('message', keepCodeCache);
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

    /** The thread died: end what it was executing now, not at the script's timeout. */
    lose (error) {
        if (!this.usable) { return; }
        this.isReady = false;
        const message = error?.code === OUT_OF_MEMORY ? 'script ran out of memory' : 'the sandbox ended';
        for (const id of Object.keys(this._executing)) {
            this.emit('execution.result.' + id, new Error('sandbox: ' + message));
        }
    }

    /** Takes the memory back that a script has outside its heap. */
    endScript () {
        this.lose({ code: OUT_OF_MEMORY });
        this.thread.terminate();
    }

    /** PostmanSandbox calls this to interrupt a script, too: only the end of the thread does. */
    disconnect (done) {
        this.isReady = false;
        super.disconnect(() => {});
        this.thread.terminate().then(() => done?.());
    }

    /** What the sandbox says is heard by the run that uses it at the moment. */
    emit (name, ...rest) {
        const heard = super.emit(name, ...rest);
        this.user?.emit(name, ...rest);
        return heard;
    }
}

module.exports = { Sandbox };
