/** Refusals that the console itself knows; others are shown as the server words them. */
export const enErrors = {
  server_unreachable: {
    message: 'The server does not answer.',
    next: 'Calls in progress go on. Try again when the connection is back.',
  },
  unexpected_answer: {
    message: 'The server gave an answer that the console does not understand.',
    next: 'Try again; if it stays so, tell the operator.',
  },
}
