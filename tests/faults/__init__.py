"""The fault matrix: whatever goes wrong with a call, against every operation.

- `wire`: what a fault is made of: bytes, and what else a peer can do to a connection.
- `fault`: one fault: where it strikes, what the peer does, and how a call may end.
- `catalogue`: all faults, in one file for each kind.
- `service`: a small model of the service, which answers each operation well.
- `server`: plays faults over real sockets, without aiohttp.
- `network`: the name look-up and the connecting, as the loop does them.
- `room`: the server, the network and a virtual clock, shared by the cells of a module.
- `calls`: each operation with made-up arguments.
- `checker`: what holds in every cell, fault x operation; `batches`: the same for a batch.

A new fault is one entry in a file of the catalogue; nothing else has to know of it.
"""
