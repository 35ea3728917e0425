'use strict';

/*
 * Converts the events of a run to the result that the API documents. A run can take minutes and a script can make any
 * number of tests, so the stored details are limited; the statistics count everything.
 */
const MAX_EXECUTIONS = 2000;
const MAX_FAILURES = 2000;
const MAX_ASSERTIONS = 1000;    // of one execution
const MAX_TEXT = 4000;          // characters
const MAX_RESULT = 16e6;        // characters of a whole result, roughly

function clip (value) {
    const text = String(value);
    if (text.length <= MAX_TEXT) { return text; }
    const pairIsCut = /[\ud800-\udbff]/.test(text[MAX_TEXT - 1]);   // UTF-8 cannot encode half of a surrogate pair
    return text.slice(0, pairIsCut ? MAX_TEXT - 1 : MAX_TEXT) + '…';
}

function describe (error) {
    return { name: clip(error?.name || 'Error'), message: clip(error?.message || error || 'unknown error') };
}

/** The name of a request, else its URL, as in Postman's app: the name is optional. */
function nameOf ({ name, request }) {
    return name || String(request?.url ?? '') || 'Untitled request';
}

/** Headers as of the API: lower case names, repeated headers joined, the length as a number. */
function headersOf (list) {
    const headers = {};
    list?.each(({ key, value, disabled }) => {
        if (disabled || !key) { return; }
        const name = clip(key).toLowerCase();
        headers[name] = clip(Object.hasOwn(headers, name) ? `${headers[name]}, ${value}` : value);
    });
    if (/^\d+$/.test(headers['content-length'])) { headers['content-length'] = Number(headers['content-length']); }
    return headers;
}

function requestOf (request, timestamp) {
    const headers = headersOf(request.headers);
    const length = headers['content-length'];
    const mode = request.body && !request.body.isEmpty() && request.body.mode;
    return {
        method: request.method,
        url: clip(request.url),
        headers,
        // the API reports "formdata" for a request without a body
        body: { contentLength: typeof length === 'number' ? length : 0, mode: mode || 'formdata' },
        timestamp
    };
}

function responseOf (response) {
    const size = response.stream?.length ?? response.stream?.byteLength ?? 0;
    return {
        code: response.code,
        body: { contentLength: size },
        responseTime: response.responseTime,
        responseSize: size,
        headers: headersOf(response.headers)
    };
}

class Recorder {
    constructor () {
        this.records = new Map();       // cursor reference -> record of the execution
        this.failures = [];
        this.unfit = new Set();         // records with any failure
        this.raised = new Map();        // cursor reference -> errors during its current script
        this.counts = { assertions: 0, failedAssertions: 0, requests: 0, failedScriptRequests: 0 };
        this.hasErrors = false;
        this.room = MAX_RESULT;
    }

    /** Whether the result has room for a text; a text without room is counted but not stored. */
    fits (text) {
        this.room -= text.length;
        return this.room >= 0;
    }

    recordOf (cursor) {
        return this.records.get(cursor?.ref);
    }

    beforeItem (cursor, item) {
        if (this.records.size >= MAX_EXECUTIONS) { return; }
        const { id, request } = item;
        this.records.set(cursor.ref, { item: { id, name: clip(nameOf(item)) }, planned: request, assertions: {}, tests: 0 });
    }

    beforeRequest (cursor) {
        const record = this.recordOf(cursor);
        if (record) { record.sentAt = new Date().toISOString(); }
    }

    /**
     * Every request counts, as in newman, including those of pm.sendRequest and those that an authentication repeats.
     * A failed request of a script counts as failed; whether it is an error is decided by the script's callback.
     */
    requestSent (error, cursor) {
        this.counts.requests += 1;
        if (error && cursor.scriptId) { this.counts.failedScriptRequests += 1; }
    }

    response (error, cursor, response, request) {
        const record = this.recordOf(cursor);
        if (record) {
            record.request = requestOf(request, record.sentAt);
            if (response) { record.response = responseOf(response); }
            for (const part of [record.request, record.response]) {
                if (part && !this.fits(JSON.stringify(part))) { part.headers = {}; }
            }
        }
        if (error) { this.fail(record, describe(error)); }
    }

    /** An error in a script when it occurs; the only event for an error in a callback. */
    exception (cursor, error) {
        const failure = describe(error);
        this.raised.set(cursor.ref, (this.raised.get(cursor.ref) ?? new Set()).add(failure.message));
        this.fail(this.recordOf(cursor), failure);
    }

    /** The end of a script with its error, which was reported before unless the script never ran. */
    script (error, cursor) {
        const heard = this.raised.get(cursor.ref);
        this.raised.delete(cursor.ref);
        // A thrown value that is not an Error has no message here: it was reported with one.
        const isKnown = heard && (heard.has(describe(error).message) || !error?.message);
        if (error && !isKnown) { this.fail(this.recordOf(cursor), describe(error)); }
    }

    assertion (cursor, assertions) {
        const record = this.recordOf(cursor);
        for (const assertion of assertions) {
            if (!assertion.skipped) { this.oneAssertion(record, assertion); }
        }
    }

    oneAssertion (record, { name, passed, error, async }) {
        const label = clip(name);
        this.counts.assertions += 1;
        this.keepAssertion(record, label, Boolean(passed));
        if (passed) { return; }
        this.counts.failedAssertions += 1;
        const { name: kind, message } = describe(error);
        this.fail(record, {
            name: error?.name ? kind : 'AssertionError',
            // Only pm.test sets `async`; other assertions are the old tests["…"] = false.
            message: async === undefined ? `Expected '${label}' to be truthy` : message,
            assertion: { [label]: false }
        });
    }

    /** Tests with the same name share one entry, which passes if all pass. */
    keepAssertion (record, label, passed) {
        if (!record) { return; }
        const known = Object.hasOwn(record.assertions, label);
        if (!known && record.tests >= MAX_ASSERTIONS) { return; }
        if (!known && !this.fits(label)) { return; }
        if (!known) { record.tests += 1; }
        record.assertions[label] = passed && (!known || record.assertions[label]);
    }

    fail (record, failure) {
        if (record) { this.unfit.add(record); }
        if (!failure.assertion) { this.noteError(record, failure); }
        if (this.failures.length < MAX_FAILURES && this.fits(JSON.stringify(failure))) {
            this.failures.push({ record, failure });
        }
    }

    noteError (record, { name, message }) {
        this.hasErrors = true;
        if (!record) { return; }
        record.errors ??= [];
        if (record.errors.length < MAX_ASSERTIONS && this.fits(message)) { record.errors.push({ name, message }); }
    }

    status (aborted) {
        if (aborted) { return 'aborted'; }
        if (this.hasErrors) { return 'error'; }
        return this.counts.failedAssertions ? 'failed' : 'success';
    }

    /**
     * The result. An item that was skipped or aborted before its request is an execution only if its scripts failed;
     * it has the request that was planned.
     */
    conclude (error, aborted) {
        if (error) { this.fail(undefined, describe(error)); }
        const kept = [...this.records.values()].filter((record) => record.request || this.unfit.has(record));
        const sent = kept.filter(({ request }) => request);
        const failed = sent.filter((record) => this.unfit.has(record)).length;
        kept.forEach((record, index) => {
            record.id = index + 1;
            record.request ??= requestOf(record.planned, record.sentAt);
        });
        const { assertions, failedAssertions, requests, failedScriptRequests } = this.counts;
        return {
            status: this.status(aborted),
            stats: {
                assertions: { total: assertions, failed: failedAssertions },
                requests: { total: requests, failed: failed + failedScriptRequests }
            },
            executions: kept.map(executionOf),
            failures: this.failures.map(({ record, failure }) => ({ executionId: record?.id ?? 0, ...failure }))
        };
    }
}

function executionOf ({ id, item, request, response, assertions, errors }) {
    const tested = Object.keys(assertions).length ? assertions : undefined;
    return { id, item, request, response, assertions: tested, errors };
}

module.exports = { Recorder };
