// The same misbehaving centre as centre.py, on npm's `smpp`: an independent codec, under the same commands
// (see control.py). NODE_PATH names the folder of the packages.
"use strict";

const readline = require("node:readline");
const smpp = require("smpp");

const behaviour = {
  delay: 0, silent: 0, throttle: 0, queue_full: 0, nack: 0, refuse: 0, status: 0x0b, wrong_ids: 0, forget: 0,
  receipts: "none", receipt_state: "DELIVRD", ids: "plain", deaf: false, bind_status: 0,
};
const counts = {
  submits: 0, binds: 0, enquiries: 0, receipts_acknowledged: 0, replies_acknowledged: 0, nacks: 0, most_in_flight: 0,
};
const numbers = new Map();
const texts = [];
const sessions = new Set();
let held = [];
let undelivered = [];
let inFlight = 0;
let ids = 40_000_000 + Math.floor(Math.random() * 1_000_000);
let server = null;
let port = 0;

function uses(name) {
  if (behaviour[name] > 0) {
    behaviour[name] -= 1;
    return true;
  }
  return false;
}

function deliver(fields, isReply) {
  const session = [...sessions].find((one) => one.hears);
  if (!session) {
    undelivered.push([fields, isReply]);
    return;
  }
  const open = session.open;
  const entry = [fields, isReply];
  open.add(entry);
  session.deliver_sm(fields, () => {
    open.delete(entry);
    counts[isReply ? "replies_acknowledged" : "receipts_acknowledged"] += 1;
  });
}

function receipt(told, number) {
  const state = behaviour.receipt_state;
  const error = state === "DELIVRD" ? "000" : "012";
  const text =
    `id:${told} sub:001 dlvrd:001 submit date:2611222200 done date:2611222200 stat:${state} err:${error} text:`;
  deliver({ source_addr: number, destination_addr: "10690", esm_class: 4, short_message: { message: text } }, false);
}

function answer(session, pdu, fields) {
  if (!behaviour.deaf && !session.gone) session.send(pdu.response(fields));
}

function submitted(session, pdu) {
  counts.submits += 1;
  for (const [name, status] of [["throttle", 0x58], ["queue_full", 0x14], ["refuse", behaviour.status]]) {
    if (uses(name)) {
      answer(session, pdu, { command_status: status });
      return;
    }
  }
  if (uses("nack")) {
    const nack = new smpp.PDU("generic_nack", { command_status: 8 });
    nack.sequence_number = pdu.sequence_number;
    session.send(nack);
    return;
  }
  const number = pdu.destination_addr;
  numbers.set(number, (numbers.get(number) ?? 0) + 1);
  const message = pdu.short_message.message ?? "";
  texts.push(Buffer.isBuffer(message) ? message.toString("hex") : Buffer.from(message, "utf16le").swap16().toString("hex"));
  if (uses("forget")) {
    session.socket.destroy();
    return;
  }
  ids += 1;
  const told = String(ids);
  const taken = behaviour.ids === "hex" ? ids.toString(16).toUpperCase() : told;
  if (behaviour.receipts === "before") receipt(told, number);
  if (uses("silent")) return;
  inFlight += 1;
  counts.most_in_flight = Math.max(counts.most_in_flight, inFlight);
  setTimeout(() => accept(session, pdu, taken, told, number), behaviour.delay * 1000);
}

function accept(session, pdu, taken, told, number) {
  inFlight -= 1;
  if (uses("wrong_ids")) pdu.sequence_number += 1_000_000;
  answer(session, pdu, { message_id: taken });
  if (behaviour.receipts === "held") held.push([told, number]);
  if (behaviour.receipts === "after" || behaviour.receipts === "twice") receipt(told, number);
  if (behaviour.receipts === "twice") receipt(told, number);
}

function serve(session) {
  sessions.add(session);
  session.open = new Set();
  session.on("error", () => {});
  session.on("close", () => {
    session.gone = true;
    sessions.delete(session);
    undelivered.push(...session.open);
  });
  session.on("pdu", (pdu) => {
    if (behaviour.deaf) return;
    if (pdu.command.startsWith("bind_") && !pdu.isResponse()) {
      counts.binds += behaviour.bind_status ? 0 : 1;
      answer(session, pdu, { command_status: behaviour.bind_status, system_id: "npm" });
      session.hears = pdu.command !== "bind_transmitter";
      const waiting = undelivered;
      undelivered = [];
      for (const [fields, isReply] of waiting) deliver(fields, isReply);
    } else if (pdu.command === "submit_sm") submitted(session, pdu);
    else if (pdu.command === "enquire_link") {
      counts.enquiries += 1;
      answer(session, pdu);
    } else if (pdu.command === "unbind") {
      answer(session, pdu);
      session.close();
    } else if (pdu.command === "generic_nack") counts.nacks += 1;
  });
}

function listen(done) {
  server = smpp.createServer(serve);
  server.listen(port, "127.0.0.1", () => {
    port = server.address().port;
    done(port);
  });
}

function cut() {
  for (const session of sessions) session.socket.resetAndDestroy();
}

const commands = {
  set: (given, done) => {
    for (const [name, value] of Object.entries(given)) {
      if (!(name in behaviour)) throw new Error(name);
      behaviour[name] = value;
    }
    done(null);
  },
  counts: (_, done) => {
    const all = [...numbers.values()];
    done({
      ...counts,
      messages: all.reduce((a, b) => a + b, 0),
      numbers: numbers.size,
      most_to_one: Math.max(0, ...all),
      connections: sessions.size,
      held: held.length,
    });
  },
  texts: (_, done) => done(texts),
  release: (_, done) => {
    const waiting = held.reverse();
    held = [];
    for (const [told, number] of waiting) receipt(told, number);
    done(waiting.length);
  },
  deliver: (given, done) => {
    deliver(
      {
        source_addr: given.source, destination_addr: given.to, esm_class: given.headed ? 0x40 : 0,
        data_coding: given.coding, short_message: Buffer.from(given.text, "hex"),
      },
      true,
    );
    done(null);
  },
  raw: (given, done) => {
    for (const session of sessions) session.socket.write(Buffer.from(given.octets, "hex"));
    done(null);
  },
  unbind: (_, done) => {
    for (const session of sessions) session.unbind();
    done(null);
  },
  cut: (_, done) => {
    cut();
    done(null);
  },
  stop: (_, done) => {
    server.close();
    cut();
    done(null);
  },
  start: (_, done) => listen(done),
};

const say = (value) => process.stdout.write(`${JSON.stringify(value)}\n`);
const lines = readline.createInterface({ input: process.stdin });
lines.on("line", (line) => {
  const [word, given] = JSON.parse(line);
  commands[word](given, say);
});
lines.on("close", () => process.exit(0));
listen(say);
