'use strict';

const EventEmitter = require('events');
const { ScriptRequests } = require('./script-requests');

const REQUEST = 'execution.request.';
const RESPONSE = 'execution.response.';

/** The script host of the runtime: borrows a sandbox from the pool for each script. */
class ScriptHost extends EventEmitter {
    constructor (pool, scriptTimeout) {
        super();
        this.pool = pool;
        this.scriptTimeout = scriptTimeout;
        this.sandbox = null;
        this.closed = false;
        this.requests = new ScriptRequests((message) => super.emit(...message), pool.config);
        this.setMaxListeners(0);
        this.on('error', () => {});
    }

    /** Runs one script; the runtime runs them one after another. */
    execute (event, options, done) {
        this.borrow().then((sandbox) => {
            this.requests.begin(options.id);
            sandbox.scriptBegins();
            sandbox.execute(event, { ...options, timeout: this.scriptTimeout }, (error, result) => {
                sandbox.busySince = undefined;
                this.requests.begin();
                this.scriptEnded();
                done(error, result);
            });
        }).catch(done);
    }

    async borrow () {
        this.sandbox ??= await this.pool.lend();
        this.sandbox.user = this;
        if (this.closed) {
            this.giveBack();
            throw new Error('sandbox: the run has ended');
        }
        return this.sandbox;
    }

    /** A sandbox that a script ended is replaced at the next script; a shared one is returned at once. */
    scriptEnded () {
        if (this.sandbox && (this.pool.shared || !this.sandbox.usable)) { this.giveBack(); }
    }

    giveBack () {
        const sandbox = this.sandbox;
        this.sandbox = null;
        if (!sandbox) { return; }
        sandbox.user = null;
        this.pool.takeBack(sandbox);
    }

    /** Forwards the events of the sandbox; requests of a script are queued first. */
    emit (name, ...rest) {
        if (!String(name).startsWith(REQUEST)) { return super.emit(name, ...rest); }
        const refusal = this.requests.add([name, ...rest]);
        if (refusal) { this.sandbox?.endScript(refusal); }
        return true;
    }

    dispatch (name, ...rest) {
        this.sandbox?.dispatch(name, ...rest);
        if (name.startsWith(RESPONSE)) { this.requests.answered(name.slice(RESPONSE.length)); }
    }

    /** Called by the runtime at the end of a run; during a script if the run was aborted. */
    dispose () {
        this.closed = true;
        if (Object.keys(this.sandbox?._executing ?? {}).length) { this.sandbox.dispose(); }
        this.giveBack();
    }
}

module.exports = { ScriptHost };
