'use strict';

const EventEmitter = require('events');

/** What the runtime takes for its sandbox: borrows one from the pool when a script is to run. */
class ScriptHost extends EventEmitter {
    constructor (pool, scriptTimeout) {
        super();
        this.pool = pool;
        this.scriptTimeout = scriptTimeout;
        this.sandbox = null;
        this.closed = false;
        this.setMaxListeners(0);
        this.on('error', () => {});
    }

    /** Runs one script; the runtime runs them one after another. */
    execute (event, options, done) {
        this.borrow().then((sandbox) => {
            sandbox.busySince = Date.now();
            sandbox.execute(event, { ...options, timeout: this.scriptTimeout }, (error, result) => {
                sandbox.busySince = undefined;
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

    dispatch (...message) {
        this.sandbox?.dispatch(...message);
    }

    /** The runtime calls this at the end of a run, in the middle of a script if the run was aborted. */
    dispose () {
        this.closed = true;
        if (Object.keys(this.sandbox?._executing ?? {}).length) { this.sandbox.dispose(); }
        this.giveBack();
    }
}

module.exports = { ScriptHost };
