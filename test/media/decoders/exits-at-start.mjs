// As where its library is not installed.
process.exit(1);
