// Starts, and never says so.
import './channel.mjs';

setInterval(() => {}, 60_000);
