/** `17:04:09`, in local time, as BCC's tools print it. */
export function clock(now = new Date()): string {
  return [now.getHours(), now.getMinutes(), now.getSeconds()].map(n => String(n).padStart(2, '0')).join(':');
}

/** A member for JSON lines. No struct of C can have one of this name. */
export function stampMember(now = new Date()): { readonly '@timestamp': string } {
  return { '@timestamp': now.toISOString() };
}
