'use strict';

const runtime = require('postman-runtime');
const { Collection, VariableScope } = require('postman-collection');
const { ScriptHost } = require('./host');
const { Recorder } = require('./recorder');

const MAX_RESPONSE_BYTES = 50 * 2 ** 20;
// An abort waits for pending work; a hung script or socket must not delay it further.
const ABORT_GRACE_MS = 100;

/** One run of one collection; `finished` resolves with its result and never rejects. */
class CollectionRun {
    constructor (job, pool) {
        this.options = job.options;
        this.recorder = new Recorder();
        this.host = new ScriptHost(pool, job.options.scriptTimeout);
        this.finished = new Promise((resolve) => { this.resolve = resolve; });
        this.timer = setTimeout(() => this.abort(), job.options.runTimeout);
        try { this.begin(job); } catch (error) { this.conclude(error); }
    }

    begin ({ collection, environment, globals }) {
        // With an external host the runtime does not handle these two events.
        this.host.on('execution.assertion', (...seen) => this.recorder.assertion(...seen));
        this.host.on('execution.error', (...seen) => this.recorder.exception(...seen));
        new runtime.Runner().run(new Collection(collection), this.runnerOptions(environment, globals), (error, run) => {
            if (error) { return this.conclude(error); }
            this.run = run;
            return run.start(this.listeners());
        });
    }

    runnerOptions (environment, globals) {
        const { options } = this;
        return {
            environment: new VariableScope(environment ?? {}),
            globals: new VariableScope(globals ?? {}),
            timeout: {
                // No request outlives its run, even an aborted one.
                request: Math.min(options.requestTimeout ?? Infinity, options.runTimeout),
                script: options.scriptTimeout,
                global: Infinity
            },
            delay: { item: options.requestDelay ?? 0 },
            requester: {
                strictSSL: options.strictSSL === true,
                followRedirects: options.followRedirects !== false,
                maxResponseSize: MAX_RESPONSE_BYTES,
                timings: true,
                useWhatWGUrlParser: true
            },
            ignoreProxyEnvironmentVariables: true,
            host: { external: true, instance: this.host }
            // No `fileResolver`: a request cannot send local files.
        };
    }

    listeners () {
        const { recorder } = this;
        return {
            beforeItem: (error, cursor, item) => recorder.beforeItem(cursor, item),
            beforeRequest: (error, cursor) => recorder.beforeRequest(cursor),
            request: (error, cursor) => recorder.requestSent(error, cursor),
            response: (error, cursor, response, request) => recorder.response(error, cursor, response, request),
            script: (error, cursor) => recorder.script(error, cursor),
            done: (error) => this.conclude(error)
        };
    }

    abort () {
        this.aborted = true;
        this.run?.abort(true, () => {});
        setTimeout(() => this.conclude(), ABORT_GRACE_MS);
    }

    conclude (error) {
        clearTimeout(this.timer);
        this.resolve(this.recorder.conclude(error, this.aborted));
        this.host.dispose();
    }
}

module.exports = { CollectionRun };
