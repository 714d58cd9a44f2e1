// Hypercore through Corestore: an append-only log of blocks, signed, replicated
// over Noise.  It merges nothing: a record written again is a further block.
// It does not sync its files at an append.
import net from 'node:net'
import Corestore from 'corestore'
import { join } from 'node:path'
import { diskBytes, draws, fields, id, say, timed, value } from './work.mjs'

const BATCH = 1000
const block = (i, draw) => Buffer.from(JSON.stringify({ _id: id(i), ...fields(draw) }))

async function fill (core, n, draw) {
  for (let i = 0; i < n; i += BATCH) {
    const blocks = []
    for (let k = i; k < Math.min(i + BATCH, n); k++) blocks.push(block(k, draw))
    await core.append(blocks)
  }
}

async function open (dir, name = 'log') {
  const store = new Corestore(join(dir, 'store'))
  const core = store.get({ name })
  await core.ready()
  return { store, core }
}

/** Has all of the core with `key` that the other end has. */
async function fetch (store, key, stream) {
  const core = store.get({ key })
  await core.ready()
  const done = core.findingPeers()
  store.replicate(stream)
  done()
  await core.update({ wait: true })
  await core.download({ start: 0, end: core.length }).done()
  return core
}

const commands = {
  async write (dir, n) {
    const { store, core } = await open(dir)
    const draw = draws(1)
    const [seconds] = await timed(async () => {
      for (let i = 0; i < n; i++) await core.append(block(i, draw))
    })
    await store.close()
    say({ seconds })
  },
  async fill (dir, n) {
    const { store, core } = await open(dir)
    const [seconds] = await timed(() => fill(core, n, draws(2)))
    await store.close()
    say({ seconds, disk: diskBytes(dir) })
  },
  async edit (dir, n, changes) {
    const { store, core } = await open(dir)
    const draw = draws(3)
    for (let i = 0; i < changes; i++) {
      const doc = JSON.parse(await core.get(Math.floor(i * n / changes)))
      doc.field3 = value(draw).repeat(6)
      await core.append(Buffer.from(JSON.stringify(doc)))
    }
    await store.close()
    say({})
  },
  async read (dir, n, reads) {
    const { store, core } = await open(dir)
    const draw = draws(4)
    const [seconds] = await timed(async () => {
      for (let i = 0; i < reads; i++) JSON.parse(await core.get(draw(n)))
    })
    await store.close()
    say({ seconds })
  },
  async serve (dir, port) {
    const { store, core } = await open(dir)
    const server = net.createServer(socket => {
      socket.on('error', () => {})
      const stream = store.replicate(false)
      stream.on('error', () => {})
      socket.pipe(stream).pipe(socket)
    })
    server.listen(port, '127.0.0.1', () => say({ port: server.address().port, key: core.key.toString('hex') }))
  },
  async pull (dir, port, key) {
    const store = new Corestore(join(dir, 'store'))
    const core = store.get({ key: Buffer.from(key, 'hex') })
    await core.ready()
    const [seconds] = await timed(async () => {
      const socket = net.connect(port, '127.0.0.1')
      const stream = store.replicate(true)
      socket.on('error', () => {})
      stream.on('error', () => {})
      const done = core.findingPeers()
      socket.pipe(stream).pipe(socket)
      stream.on('open', () => setTimeout(done, 0))
      await core.update({ wait: true })
      await core.download({ start: 0, end: core.length }).done()
      socket.destroy()
    })
    const records = core.length
    await store.close()
    say({ seconds, records })
    process.exit(0)
  },
  async merge (dir, replicas, each) {
    const draw = draws(5)
    const parts = []
    for (let r = 0; r < replicas; r++) {
      const part = await open(join(dir, 'r' + r))
      await fill(part.core, each, draw)
      parts.push(part)
    }
    const all = new Corestore(join(dir, 'all'))
    const [seconds] = await timed(async () => {
      for (const part of parts) {
        const there = part.store.replicate(false)
        there.on('error', () => {})
        const here = all.get({ key: part.core.key })
        await here.ready()
        const mine = all.replicate(true)
        mine.on('error', () => {})
        const done = here.findingPeers()
        there.pipe(mine).pipe(there)
        mine.on('open', () => setTimeout(done, 0))
        await here.update({ wait: true })
        await here.download({ start: 0, end: each }).done()
        mine.destroy()
      }
    })
    say({ seconds })
    process.exit(0)
  }
}

const [command, dir, ...rest] = process.argv.slice(2)
await commands[command](dir, ...rest.map(word => /^[0-9]{1,12}$/.test(word) ? Number(word) : word))
