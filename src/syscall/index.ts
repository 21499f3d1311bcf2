export * from './sys.js';
