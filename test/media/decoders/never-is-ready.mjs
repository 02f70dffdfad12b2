// Starts, and never says so.
process.on('message', () => {});
