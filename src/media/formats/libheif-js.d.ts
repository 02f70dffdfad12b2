// The package has types for its modules but not for this bundle of them; hevc.ts says what it calls.
declare module 'libheif-js/libheif-wasm/libheif-bundle.mjs';
