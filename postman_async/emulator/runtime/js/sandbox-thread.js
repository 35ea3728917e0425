'use strict';

/*
 * The thread in which scripts run. Postman's boot code removes what scripts must not reach; this file also closes
 * the access to the host, in case a script reaches the `process` of the thread.
 */
const vm = require('vm');
const { parentPort, workerData } = require('worker_threads');

const CLOSED = [
    'binding', '_linkedBinding', 'dlopen', 'getBuiltinModule', 'mainModule', 'kill', 'chdir', 'abort', 'report',
    '_debugProcess', '_startProfilerIdleNotifier'
];
const USED_BY_BOOT_CODE = new Set(['worker_threads', 'vm', 'buffer']);

function compileBootCode () {
    const cachedData = workerData.codeCache && Buffer.from(workerData.codeCache);
    return new vm.Script(workerData.bootCode, { filename: 'postman-sandbox-bootcode.js', cachedData });
}

function closeHostAccess () {
    for (const name of CLOSED) {
        Object.defineProperty(process, name, { value: undefined, configurable: false, writable: false });
    }
    const builtin = require;
    globalThis.require = (name) => {
        if (!USED_BY_BOOT_CODE.has(name)) { throw new Error(`module ${name} is not available`); }
        return builtin(name);
    };
}

const script = compileBootCode();

// The firmware that the bridge sends calls this instead of compiling 2 MB of source each time.
globalThis.__boot = () => {
    delete globalThis.__boot;
    script.runInThisContext();
    if (!workerData.codeCache || script.cachedDataRejected) {
        parentPort.postMessage({ codeCache: script.createCachedData() });
    }
};

closeHostAccess();
parentPort.once('message', ({ __init_uvm: firmware }) => vm.runInThisContext(firmware));
