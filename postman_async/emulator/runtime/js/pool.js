'use strict';

const { Sandbox } = require('./sandbox');
const { fingerprint } = require('./fingerprint');

/*
 * Isolation "run": a sandbox serves one run and ends with it; a few are booted ahead of time.
 * Isolation "shared": a few sandboxes are lent for one script at a time, and reused if the script did not change them.
 */
class SandboxPool {
    constructor (config) {
        this.config = config;
        this.idle = [];
        this.booted = new Set();
        this.waiting = [];
        this.alive = 0;         // idle, lent or booting
        this.booting = 0;
        this.bootedCount = 0;
    }

    get shared () {
        return this.config.isolation === 'shared';
    }

    /** Resolves with a sandbox as soon as one is available. */
    lend () {
        for (let sandbox; (sandbox = this.idle.shift());) {
            if (sandbox.usable) { return Promise.resolve(sandbox); }
            this.end(sandbox);
        }
        return new Promise((resolve, reject) => {
            this.waiting.push({ resolve, reject });
            this.boot(this.waiting.length);
        });
    }

    /** Takes a sandbox back: reuses it if that is safe, else ends it. */
    async takeBack (sandbox) {
        if (this.shared && sandbox.usable && await fingerprint(sandbox) === sandbox.fingerprint) {
            return this.offer(sandbox);
        }
        this.end(sandbox);
        this.boot(this.waiting.length);
        return undefined;
    }

    end (sandbox) {
        this.alive -= 1;
        this.booted.delete(sandbox);
        sandbox.dispose();
    }

    /** Ends the longest running script as out of memory; returns whether there was one. */
    endBusiest () {
        const busy = [...this.booted].filter(({ busySince, usable }) => busySince && usable);
        const longest = busy.sort((one, other) => one.busySince - other.busySince)[0];
        longest?.endScript(`script ran out of memory (its process may have ${this.config.memoryMb} MB)`);
        return Boolean(longest);
    }

    /** Boots the spares; called while no run needs the processor. */
    topUp () {
        this.boot(this.config.spares - this.idle.length);
    }

    /** Boots sandboxes until `count` are booting, within the limit. */
    boot (count) {
        while (this.booting < count && this.alive < this.config.maxSandboxes) {
            this.alive += 1;
            this.booting += 1;
            this.bootOne().finally(() => { this.booting -= 1; })
                .then((sandbox) => this.offer(sandbox), (error) => this.bootFailed(error));
        }
    }

    async bootOne () {
        const sandbox = await Sandbox.boot(this.config);
        this.bootedCount += 1;
        this.booted.add(sandbox);
        if (this.shared) { sandbox.fingerprint = await fingerprint(sandbox); }
        return sandbox;
    }

    bootFailed (error) {
        this.alive -= 1;
        this.waiting.shift()?.reject(error);
    }

    offer (sandbox) {
        const next = this.waiting.shift();
        next ? next.resolve(sandbox) : this.idle.push(sandbox);
    }

    stats () {
        return { idleSandboxes: this.idle.length, sandboxes: this.alive, bootedSandboxes: this.bootedCount };
    }
}

module.exports = { SandboxPool };
