import { Refusal } from './refusal.js';

/** What `action` returns; a TypeError that it throws, by which the API answers wrong arguments, becomes a Refusal: here they are the user's. */
export function withUsersArguments<T>(action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (error instanceof TypeError) throw new Refusal(error.message, { cause: error });
    throw error;
  }
}
