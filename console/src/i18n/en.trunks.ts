/** English of trunks. */
export const enTrunks = {
  none: 'There is no trunk. An operator describes them: softswitch trunk apply.',
  map: 'Circuits',
  allIdle: 'No circuit is in use or blocked.',
  busy: 'In use',
  reserved: 'Reserved',
  attempts: 'Outgoing',
  answered: 'Answered',
  incoming: 'Incoming',
  minutes: 'Minutes',
  overflows: 'Overflows',
  preemptions: 'Preempted',
  since: 'State since',
  causes: 'Causes (Q.850):',
  block: 'Block {what}',
  unblock: 'Unblock {what}',
  reset: 'Reset {what}',
  restore: 'Back into service',
  test: 'Test call',
  testNumber: 'Number of the test call',
  testAnswered: 'Answered after {ms} ms.',
  testCause: 'Cleared with cause {cause}.',
  testFailed: 'It came to nothing: {why}.',
  state: {
    up: 'in service',
    down: 'down',
    open: 'out of service',
    half_open: 'on trial',
    blocked: 'blocked',
    disabled: 'disabled',
  },
  circuit: {
    idle: 'idle',
    busy: 'busy',
    draining: 'draining',
    blocked_here: 'blocked here',
    blocked_far: 'blocked by the far end',
    blocked_both: 'blocked by both',
    resetting: 'resetting',
    alarm: 'alarm',
  },
}

/** What the server refuses about trunks. */
export const enTrunkErrors = {
  no_circuit: {
    message: 'No circuit to this number is free.',
    next: 'Wait for one, or call with precedence.',
  },
  destination_forbidden: {
    message: 'This extension may not call that number.',
    next: 'Ask a supervisor to call, or have the class changed.',
  },
  limit_reached: {
    message: 'The limit of calls or minutes is reached.',
    next: 'Wait, or have the limit raised.',
  },
  trunk_not_found: { message: 'There is no such trunk.', next: 'Look at the list of trunks.' },
  circuit_not_found: { message: 'There is no such circuit.', next: 'Look at the map of the trunk.' },
  no_loop: { message: 'This trunk has no line that could be looped.', next: 'Make a test call.' },
  node_refused: {
    message: 'The node of the trunk did not do it.',
    next: 'Look whether the node runs, then try again.',
  },
}
