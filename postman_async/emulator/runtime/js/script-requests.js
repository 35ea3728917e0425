'use strict';

/*
 * The requests of one script (pm.sendRequest): a few at once, the rest in turn, and not without end. Thousands at once
 * would take the sockets and the processor time of everything else on the machine.
 */
class ScriptRequests {
    /** `send` takes what the sandbox said of one request and sends it. */
    constructor (send, { maxScriptRequests, scriptRequestsAtOnce }) {
        this.send = send;
        this.max = maxScriptRequests;
        this.atOnce = scriptRequestsAtOnce;
        this.begin();
    }

    /** Another script: what the one before still asked for is dropped, its answers do not count. */
    begin (id) {
        this.id = id;
        this.total = 0;
        this.underWay = 0;
        this.waiting = [];
    }

    /** Takes a request; returns why it does not when the script has had its share. */
    add (message) {
        this.total += 1;
        if (this.total > this.max) { return `the script sent more than ${this.max} requests`; }
        this.waiting.push(message);
        this.next();
        return undefined;
    }

    answered (id) {
        if (id !== this.id) { return; }
        this.underWay -= 1;
        this.next();
    }

    next () {
        while (this.waiting.length && this.underWay < this.atOnce) {
            this.underWay += 1;
            this.send(this.waiting.shift());
        }
    }
}

module.exports = { ScriptRequests };
