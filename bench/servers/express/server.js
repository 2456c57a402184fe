'use strict'

// The quickstart's USSD route with Express and Africa's Talking's SDK, whose USSD
// handler reads the form and writes the answer. WORKERS processes share the port.

const cluster = require('node:cluster')

const workers = Number(process.env.WORKERS || 1)
if (workers > 1 && cluster.isPrimary) {
  let listening = 0
  for (let i = 0; i < workers; i++) cluster.fork()
  cluster.on('listening', (_, address) => {
    if (++listening === workers) console.log(`Listening on http://127.0.0.1:${address.port}`)
  })
  process.on('SIGTERM', () => process.exit(0))
} else {
  serve()
}

function serve () {
  const express = require('express')
  const at = require('africastalking')({ username: 'sandbox', apiKey: 'none' })
  const app = express()
  app.post('/api/ussd/session', at.USSD((params, next) => next(screen(params))))
  const server = app.listen(0, '127.0.0.1', () => {
    if (!cluster.isWorker) console.log(`Listening on http://127.0.0.1:${server.address().port}`)
  })
  server.keepAliveTimeout = 60_000
}

function screen ({ text, phoneNumber }) {
  switch (text) {
    case '':
      return { response: 'What would you want to check\n1. My Account\n2. My phone number', endSession: false }
    case '1':
      return { response: 'Choose account information you want to view\n1. Account number', endSession: false }
    case '1*1':
      return { response: 'Your account number is ACC1001', endSession: true }
    case '2':
      return { response: 'Your phone number is ' + phoneNumber, endSession: true }
  }
  return { response: 'Invalid choice', endSession: true }
}
