'use strict';

/*
 * The requests of one script (pm.sendRequest): limited in number and concurrency. Thousands at once would take the
 * sockets and the processor time of everything else on the machine.
 */
class ScriptRequests {
    /** `send` sends one request, given as an event of the sandbox. */
    constructor (send, { maxScriptRequests, scriptRequestsAtOnce }) {
        this.send = send;
        this.max = maxScriptRequests;
        this.atOnce = scriptRequestsAtOnce;
        this.begin();
    }

    /** Begins a script: drops the pending requests of the previous one, and ignores their answers. */
    begin (id) {
        this.id = id;
        this.total = 0;
        this.underWay = 0;
        this.waiting = [];
    }

    /** Adds a request; returns a message if the limit of the script is exceeded. */
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
