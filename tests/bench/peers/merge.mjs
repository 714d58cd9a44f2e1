// Automerge: one document whose map has all records.  It stores nothing by
// itself: the harness appends each change to a file and syncs that, and saves
// the whole document for measuring its size.  Its sync messages go over TCP.
import fs from 'node:fs'
import net from 'node:net'
import { join } from 'node:path'
import * as Automerge from '@automerge/automerge'
import { draws, fields, id, say, timed, value } from './work.mjs'

const at = dir => join(dir, 'doc')
const load = dir => fs.existsSync(at(dir)) ? Automerge.load(fs.readFileSync(at(dir))) : Automerge.init()
const empty = () => Automerge.change(Automerge.init({ actor: '00' }), { time: 0 }, doc => { doc.records = {} })

/** A change for each record: a document of few large changes is sent whole. */
function fill (doc, n, draw) {
  for (let i = 0; i < n; i++) doc = Automerge.change(doc, d => { d.records[id(i)] = fields(draw) })
  return doc
}

/** Messages in both directions, each with its length in front. */
function talk (socket, doc, ended) {
  let state = Automerge.initSyncState()
  let rest = Buffer.alloc(0)
  const send = () => {
    const [next, message] = Automerge.generateSyncMessage(doc, state)
    state = next
    const out = Buffer.alloc(4)
    out.writeUInt32BE(message === null ? 0 : message.length)
    socket.write(message === null ? out : Buffer.concat([out, message]))
    return message !== null
  }
  let silent = false
  socket.on('data', piece => {
    rest = Buffer.concat([rest, piece])
    while (rest.length >= 4 && rest.length >= 4 + rest.readUInt32BE()) {
      const n = rest.readUInt32BE()
      if (n > 0) [doc, state] = Automerge.receiveSyncMessage(doc, state, rest.subarray(4, 4 + n))
      rest = rest.subarray(4 + n)
      if (n === 0 && silent) return ended(doc)
      silent = !send()
      if (n === 0 && silent) return ended(doc)
    }
  })
  return send
}

const commands = {
  async write (dir, n) {
    let doc = empty()
    const draw = draws(1)
    const file = fs.openSync(at(dir), 'a')
    const [seconds] = await timed(async () => {
      for (let i = 0; i < n; i++) {
        doc = Automerge.change(doc, d => { d.records[id(i)] = fields(draw) })
        fs.writeSync(file, Automerge.getLastLocalChange(doc))
        fs.fdatasyncSync(file)
      }
    })
    say({ seconds })
  },
  async fill (dir, n) {
    let bytes
    const [seconds] = await timed(async () => {
      bytes = Automerge.save(fill(empty(), n, draws(2)))
      fs.writeFileSync(at(dir), bytes)
    })
    say({ seconds, disk: bytes.length })
  },
  async edit (dir, n, changes) {
    let doc = load(dir)
    const draw = draws(3)
    for (let i = 0; i < changes; i++) {
      doc = Automerge.change(doc, d => { d.records[id(Math.floor(i * n / changes))].field3 = value(draw).repeat(6) })
    }
    fs.writeFileSync(at(dir), Automerge.save(doc))
    say({})
  },
  async read (dir, n, reads) {
    const doc = load(dir)
    const draw = draws(4)
    const [seconds] = await timed(async () => {
      for (let i = 0; i < reads; i++) if (doc.records[id(draw(n))].field9.length !== 19) throw new Error('lost')
    })
    say({ seconds })
  },
  async serve (dir, port) {
    const doc = load(dir)
    const server = net.createServer({ noDelay: true }, socket => {
      socket.on('error', () => {})
      talk(socket, Automerge.clone(doc), () => {})
    })
    server.listen(port, '127.0.0.1', () => say({ port: server.address().port }))
  },
  async pull (dir, port) {
    const before = load(dir)
    const [seconds, doc] = await timed(() => new Promise((resolve, reject) => {
      const socket = net.connect({ port, host: '127.0.0.1', noDelay: true })
      socket.on('error', reject)
      const send = talk(socket, before, doc => { socket.destroy(); resolve(doc) })
      send()
    }))
    fs.writeFileSync(at(dir), Automerge.save(doc))
    say({ seconds, records: Object.keys(doc.records).length })
  },
  async merge (dir, replicas, each) {
    const draw = draws(5)
    const parts = []
    for (let r = 0; r < replicas; r++) {
      let doc = Automerge.clone(empty())
      for (let k = 0; k < each; k++) {
        const i = k < each / 2 ? r * each + k : 1e9 + k
        doc = Automerge.change(doc, d => { d.records[id(i)] = fields(draw) })
      }
      parts.push(Automerge.save(doc))
    }
    let all = empty()
    const [seconds] = await timed(async () => {
      for (const part of parts) all = Automerge.merge(all, Automerge.load(part))
    })
    say({ seconds })
  }
}

const [command, dir, ...rest] = process.argv.slice(2)
await commands[command](dir, ...rest.map(Number))
