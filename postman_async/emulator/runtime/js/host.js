'use strict';

const EventEmitter = require('events');
const { ScriptRequests } = require('./script-requests');

const REQUEST = 'execution.request.';
const RESPONSE = 'execution.response.';

/** What the runtime takes for its sandbox: borrows one from the pool when a script is to run. */
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

    /** A sandbox that died with a script is replaced at the next one; a shared one goes back at once. */
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

    /** What the sandbox says; the runtime hears of a script's requests when their turn has come. */
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

    /** The runtime calls this at the end of a run, in the middle of a script if the run was aborted. */
    dispose () {
        this.closed = true;
        if (Object.keys(this.sandbox?._executing ?? {}).length) { this.sandbox.dispose(); }
        this.giveBack();
    }
}

module.exports = { ScriptHost };
