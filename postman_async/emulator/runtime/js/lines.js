'use strict';

const NEWLINE = 10;

/** Calls `use` with each line of the stream; each chunk is scanned once (a line can be megabytes). */
function readLines (stream, use) {
    let pending = [];

    stream.on('data', (chunk) => {
        let start = 0;
        for (let end; (end = chunk.indexOf(NEWLINE, start)) >= 0; start = end + 1) {
            const line = Buffer.concat([...pending, chunk.subarray(start, end)]).toString();
            pending = [];
            use(line);
        }
        if (start < chunk.length) { pending.push(chunk.subarray(start)); }
    });
}

module.exports = { readLines };
