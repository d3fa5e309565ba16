/** Refusals that dispatchers meet, by code; others are shown as the server words them. */
export const enErrors = {
  server_unreachable: {
    message: 'The server does not answer.',
    next: 'Calls in progress go on. Try again when the connection is back.',
  },
  unexpected_answer: {
    message: 'The server gave an answer that the console does not understand.',
    next: 'Try again; if it stays so, tell the operator.',
  },
  wrong_login: {
    message: 'Login or password is wrong.',
    next: 'Try again; a supervisor can set a new password.',
  },
  locked_out: {
    message: 'There were too many wrong passwords.',
    next: 'Wait {number} s, or ask a supervisor to unlock you.',
  },
  wrong_password: { message: 'The present password is wrong.', next: 'Try again.' },
  not_signed_in: { message: 'You are not signed in.', next: 'Sign in first.' },
  not_allowed: {
    message: 'Your role does not include this.',
    next: 'Ask a supervisor to do it or to change your role.',
  },
  store_unavailable: {
    message: 'The database cannot be written now.',
    next: 'Calls go on; try again in a moment.',
  },
  taken: { message: 'Desk {number} has taken this call.', next: 'Take the next one.' },
  no_desk: { message: 'You are seated at no desk.', next: 'Take a seat first (key S).' },
  desk_taken: {
    message: 'Somebody sits at desk {number} already.',
    next: 'Choose another desk, or let the other leave first.',
  },
  not_your_desk: {
    message: 'Another dispatcher sits at desk {number}.',
    next: 'Act for your own desk, or ask a supervisor.',
  },
  own_number: { message: '{number} is the own desk.', next: 'Dial another number.' },
  bad_number: {
    message: 'This is not a telephone number.',
    next: 'Give digits, with + in front for an international number.',
  },
  not_registered: {
    message: 'No phone of extension {number} is registered.',
    next: 'Call another number of this person.',
  },
  no_route: {
    message: '{number} is no extension, and no line to the outside is up.',
    next: 'Check the number, or tell the operator.',
  },
  not_placed: { message: 'The phones could not be rung.', next: 'Try again.' },
  call_not_found: { message: 'The call has ended.', next: 'Look at the history.' },
  not_ringing: { message: 'The call is not ringing any more.', next: 'Use takeover for a connected call.' },
  not_ringing_here: {
    message: 'The call does not ring at this desk.',
    next: 'Use pickup to take a call that rings elsewhere.',
  },
  not_connected: { message: 'The call is not connected.', next: 'Use pickup or answer.' },
  not_in_call: { message: 'Your desk is not in this call.', next: 'Use takeover to enter it.' },
  not_movable: { message: 'This call cannot be moved.', next: 'Hang it up instead.' },
  held: { message: 'The call is on hold already.', next: 'Resume it first.' },
  not_held: { message: 'The call is not on hold.', next: 'Nothing needs to be done.' },
  park_full: { message: 'All parking slots are taken.', next: 'Retrieve a call first.' },
  already_in: { message: '{number} is in this call.', next: 'Choose another number.' },
  transfer_running: {
    message: 'The call is being transferred already.',
    next: 'Complete or cancel that transfer first.',
  },
  no_transfer: {
    message: 'This desk is transferring nothing in this call.',
    next: 'Begin an attended transfer first.',
  },
  already_calling: { message: 'This caller is being called back already.', next: 'Wait for it.' },
  no_number: { message: 'The caller showed no number.', next: 'Close the task.' },
  reason_missing: { message: 'A reason is required.', next: 'Say why.' },
  owned: { message: 'The incident has an owner already.', next: 'Ask the owner, or take over the call.' },
  incident_changed: {
    message: 'The incident was changed by somebody else.',
    next: 'Look at their text, then repeat your change.',
  },
  not_busy: { message: 'Extension {number} is not busy.', next: 'Call it now.' },
  camp_full: { message: 'Too many wait already.', next: 'Cancel one first.' },
  bad_life: { message: 'A camp-on lasts from one minute to a day.', next: 'Give 60 to 86400 seconds.' },
  camp_not_found: { message: 'This camp-on is over.', next: 'Look at the list.' },
  intercom_not_allowed: {
    message: 'Extension {number} does not allow intercom.',
    next: 'Call it, or let it be allowed.',
  },
  busy: { message: 'Extension {number} is busy.', next: 'Camp on, or try again later.' },
  no_night_target: {
    message: 'Nobody is named who takes emergency calls at night.',
    next: 'Name numbers first.',
  },
  night_is_on: { message: 'It is night: somebody must take the calls.', next: 'End night service first.' },
  night_loop: {
    message: 'A night line leads to a number that is sent on itself.',
    next: 'Name a number that is answered at night.',
  },
  bad_period: {
    message: 'A line of the timetable is wrong.',
    next: 'Give days 1 to 7 and times such as 18:00.',
  },
  bad_time_of_day: { message: 'This is no time of the day.', next: 'Give it as 18:00.' },
  not_a_desk: { message: 'This extension is no desk.', next: 'Use the phone of a desk.' },
  not_scheduled: {
    message: 'Only a scheduled room invites by itself.',
    next: 'Give its beginning and end, or invite people when it is there.',
  },
}
