'use strict';

const loadBootCode = require('postman-sandbox/.cache/bootcode');

/*
 * Postman's boot code treats a falsy thrown value as "no error", so `throw undefined` would count as success. These
 * are the statements that handle a thrown value. The version of the package is pinned: each text occurs exactly once,
 * or the runtime does not start.
 */
const FALSY = (reason) => `${reason}||new Error("the script threw "+(${reason}===""?"an empty text":String(${reason})))`;
const CHANGES = [
    // at the end of a script
    ['.then(__exitscope).catch(__exitscope)',
        `.catch((e)=>{throw ${FALSY('e')}}).then(__exitscope).catch(__exitscope)`],
    // in a callback: of a timer or of pm.sendRequest
    ['try{a.apply(h,s[e]?arguments:null)}catch(r){t&&t(r)}',
        `try{a.apply(h,s[e]?arguments:null)}catch(r){t&&t(${FALSY('r')})}`]
];

function changed (code, [before, after]) {
    const parts = code.split(before);
    if (parts.length !== 2) { throw new Error('postman-sandbox has another version than the runtime was made for'); }
    return parts.join(after);
}

/** Resolves with the source of Postman's script environment. */
function readBootCode () {
    return new Promise((resolve, reject) => {
        loadBootCode((error, code) => (error ? reject(error) : resolve(String(code))));
    }).then((code) => CHANGES.reduce(changed, code));
}

module.exports = { readBootCode };
