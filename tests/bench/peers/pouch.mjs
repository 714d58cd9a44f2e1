// PouchDB over LevelDB, and its replication over HTTP to express-pouchdb in
// another process.  It does not sync its files at a write.
import { createRequire } from 'node:module'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { diskBytes, draws, fields, id, say, timed, value } from './work.mjs'

const require = createRequire(import.meta.url)
const PouchDB = require('pouchdb')
const BATCH = 1000

async function fill (db, from, n, draw) {
  for (let i = from; i < from + n; i += BATCH) {
    const docs = []
    for (let k = i; k < Math.min(i + BATCH, from + n); k++) docs.push({ _id: id(k), ...fields(draw) })
    await db.bulkDocs(docs)
  }
}

const commands = {
  async write (dir, n) {
    const db = new PouchDB(join(dir, 'db'))
    const draw = draws(1)
    const [seconds] = await timed(async () => {
      for (let i = 0; i < n; i++) await db.put({ _id: id(i), ...fields(draw) })
    })
    await db.close()
    say({ seconds })
  },
  async fill (dir, n) {
    const db = new PouchDB(join(dir, 'db'))
    const [seconds] = await timed(() => fill(db, 0, n, draws(2)))
    await db.close()
    say({ seconds, disk: diskBytes(dir) })
  },
  async edit (dir, n, changes) {
    const db = new PouchDB(join(dir, 'db'))
    const draw = draws(3)
    for (let i = 0; i < changes; i++) {
      const doc = await db.get(id(Math.floor(i * n / changes)))
      doc.field3 = value(draw).repeat(6)
      await db.put(doc)
    }
    await db.close()
    say({})
  },
  async read (dir, n, reads) {
    const db = new PouchDB(join(dir, 'db'))
    const draw = draws(4)
    const [seconds] = await timed(async () => {
      for (let i = 0; i < reads; i++) await db.get(id(draw(n)))
    })
    await db.close()
    say({ seconds })
  },
  async serve (dir, port) {
    const app = require('express')()
    const At = PouchDB.defaults({ prefix: dir + '/' })
    app.use('/', require('express-pouchdb')(At, { mode: 'minimumForPouchDB', inMemoryConfig: true, logPath: join(dir, 'log') }))
    const db = new At('db')
    await db.info()
    const server = app.listen(port, '127.0.0.1', () => say({ port: server.address().port }))
  },
  async pull (dir, port) {
    const db = new PouchDB(join(dir, 'db'))
    const [seconds] = await timed(() => db.replicate.from(`http://127.0.0.1:${port}/db`, { batch_size: BATCH }))
    const { doc_count: records } = await db.info()
    await db.close()
    say({ seconds, records })
  },
  async merge (dir, replicas, each) {
    const draw = draws(5)
    const parts = []
    for (let r = 0; r < replicas; r++) {
      mkdirSync(join(dir, 'r' + r))
      const db = new PouchDB(join(dir, 'r' + r, 'db'))
      await fill(db, r * each, each / 2, draw)
      await fill(db, 1e9, each / 2, draw)
      parts.push(db)
    }
    const all = new PouchDB(join(dir, 'db'))
    const [seconds] = await timed(async () => {
      for (const db of parts) await db.replicate.to(all, { batch_size: BATCH })
    })
    for (const db of parts) await db.close()
    await all.close()
    say({ seconds })
  }
}

const [command, dir, ...rest] = process.argv.slice(2)
await commands[command](dir, ...rest.map(Number))
