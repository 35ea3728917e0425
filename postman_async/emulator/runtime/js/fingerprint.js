'use strict';

const TIMEOUT_MS = 1000;

// Runs in the sandbox: the names on the global object and on the built-in types and their prototypes.
const SCRIPT = `
    const everything = Function('return this')();
    const types = ['Object', 'Array', 'String', 'Number', 'Boolean', 'Function', 'Promise', 'RegExp', 'Date', 'Map',
        'Set', 'Symbol', 'Error', 'JSON', 'Math', 'Reflect'].map((name) => everything[name]);
    const objects = [everything, ...types, ...types.map((type) => type.prototype).filter(Boolean)];
    pm.test(objects.map((object) => Reflect.ownKeys(object).map(String).sort().join()).join('|'));
`;

let made = 0;

/** Resolves with a text that changes if a script changed the globals of the sandbox; null on a timeout. */
function fingerprint (sandbox) {
    const id = `fingerprint-${made += 1}`;
    return new Promise((resolve) => {
        let seen = null;
        sandbox.once(`execution.assertion.${id}`, (cursor, [assertion]) => { seen = assertion.name; });
        sandbox.execute({ listen: 'test', script: { exec: SCRIPT } }, { id, timeout: TIMEOUT_MS }, (error) => {
            sandbox.removeAllListeners(`execution.assertion.${id}`);
            resolve(error ? null : seen);
        });
    });
}

module.exports = { fingerprint };
