'use strict';

const path = require('path');
const { Worker } = require('worker_threads');

/** Converts OpenAPI descriptions and old formats to collections, each in a thread of its own: it can take seconds. */
class Conversions {
    constructor ({ convertHeapMb }) {
        this.limits = { maxOldGenerationSizeMb: convertHeapMb };
        this.threads = new Map();
    }

    add (message) {
        const { id, timeout } = message;
        // No `execArgv`: a thread with its own options leaves the permission model of the process.
        const thread = new Worker(path.join(__dirname, 'convert-thread.js'), {
            workerData: message,
            env: {}, argv: [], stdout: true, resourceLimits: this.limits
        });
        this.threads.set(id, thread);
        const timer = setTimeout(() => thread.terminate(), timeout);
        return new Promise((resolve, reject) => {
            thread.once('message', ({ collection, reason }) => {
                collection ? resolve(collection) : reject(new Error(reason));
            });
            thread.once('error', reject);
            thread.once('exit', () => reject(new Error('the conversion took too long')));
        }).finally(() => {
            clearTimeout(timer);
            this.threads.delete(id);
            thread.terminate();
        });
    }

    abort (id) {
        this.threads.get(id)?.terminate();
    }
}

module.exports = { Conversions };
