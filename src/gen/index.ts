export { type GenerateOptions, generateModule } from './module.js';
