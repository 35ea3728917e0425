'use strict';

const { parentPort, workerData } = require('worker_threads');
const converter = require('openapi-to-postmanv2');

const { specification, options } = workerData;

converter.convertV2({ type: 'string', data: specification }, options, (error, outcome) => {
    const failed = error || !outcome.result;
    parentPort.postMessage(failed
        ? { reason: String(error?.message ?? outcome.reason) }
        : { collection: outcome.output[0].data });
});
