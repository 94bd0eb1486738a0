// A verifier of Stripe's webhooks, written from the documentation, for the example of docs/vectors.md.
import { createHmac, timingSafeEqual } from "node:crypto";

export function verify(key, headers, body, now) {
  const parts = (headers["stripe-signature"] ?? "").split(",").map((part) => part.split("="));
  const times = parts.filter(([name]) => name === "t");
  if (!key || times.length !== 1 || !/^\d+$/.test(times[0][1]) || now - Number(times[0][1]) > 300) return false;
  const mac = createHmac("sha256", key).update(`${times[0][1]}.`).update(body).digest("hex");
  return parts.some(([name, value]) => name === "v1" && value?.length === mac.length &&
    /^[0-9a-f]*$/.test(value) && timingSafeEqual(Buffer.from(value), Buffer.from(mac)));
}
