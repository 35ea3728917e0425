'use strict';

const { parentPort, workerData } = require('worker_threads');

const FORMAT = '2.1.0';

/** Each task reads its fields of the message and calls back with an error or a collection. */
const tasks = {
    convert ({ specification, options }, done) {
        const { convertV2 } = require('openapi-to-postmanv2');
        convertV2({ type: 'string', data: specification }, options, firstOutput(done));
    },

    sync ({ specification, collection }, done) {
        const { syncCollection } = require('openapi-to-postmanv2');
        // Requests that the specification does not have are kept: a user wrote them.
        const wanted = { syncExamples: true, deleteOrphanedRequests: false };
        syncCollection({ type: 'string', data: specification }, {}, collection, wanted, firstOutput(done));
    },

    upgrade ({ collection }, done) {
        const { convert } = require('postman-collection-transformer');
        convert(collection, { inputVersion: '1.0.0', outputVersion: FORMAT, retainIds: true }, done);
    }
};

function firstOutput (done) {
    return (error, outcome) => {
        if (error || !outcome.result) { return done(error ?? new Error(outcome.reason)); }
        const { data } = outcome.output[0];
        return done(null, data.toJSON ? plain(data.toJSON()) : data);
    };
}

/** Restores keys with a leading underscore, which the SDK's objects put under `_`. */
function plain (value) {
    if (Array.isArray(value)) { return value.map(plain); }
    if (value === null || typeof value !== 'object') { return value; }
    const { _: hidden, ...rest } = value;
    const entries = Object.entries(rest).map(([key, inner]) => [key, plain(inner)]);
    const own = Object.entries(hidden ?? {}).map(([key, inner]) => [`_${key}`, inner]);
    return Object.fromEntries([...entries, ...own]);
}

tasks[workerData.op](workerData, (error, collection) => {
    parentPort.postMessage(error ? { reason: String(error.message ?? error) } : { collection });
});
