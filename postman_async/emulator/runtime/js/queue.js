'use strict';

const { CollectionRun } = require('./run');

/** Limits the number of concurrent runs, which cost memory; the time limit of a run begins with its start. */
class RunQueue {
    constructor (pool, { maxRuns }) {
        this.pool = pool;
        this.maxRuns = maxRuns;
        this.waiting = [];
        this.running = new Map();
        this.finished = 0;
    }

    /** Resolves with the result of the run; never rejects. */
    add (job) {
        return new Promise((resolve) => {
            this.waiting.push({ job, resolve });
            this.next();
        });
    }

    next () {
        while (this.waiting.length && this.running.size < this.maxRuns) {
            const { job, resolve } = this.waiting.shift();
            this.start(job).then(resolve);
        }
        // Booting costs processor time that runs could use.
        if (!this.running.size) { this.pool.topUp(); }
    }

    async start (job) {
        const run = new CollectionRun(job, this.pool);
        this.running.set(job.id, run);
        const result = await run.finished;
        this.running.delete(job.id);
        this.finished += 1;
        this.next();
        return result;
    }

    abort (id) {
        this.waiting = this.waiting.filter(({ job }) => job.id !== id);
        this.running.get(id)?.abort();
    }

    stats () {
        return { running: this.running.size, waiting: this.waiting.length, finished: this.finished };
    }
}

module.exports = { RunQueue };
