/** `?jsonp=fn` of the endpoints without a version. Source: contract mesos.md section 0.2. */
import { type Answer, type BodyPart, text } from "./answer.ts";
import type { Handler } from "./server.ts";

/**
 * Answers as a script that calls the function that a request names: pages of another port or host of the same site, as the
 * master's of Mesos, read them so. A page of another site is refused, where its browser says so: nothing else keeps it from it.
 */
export function withJsonp(handler: Handler): Handler {
  return async (request): Promise<Answer> => {
    const name = request.query.get("jsonp");
    if (name === null) return handler(request);
    if (request.headers["sec-fetch-site"] === "cross-site")
      return text("jsonp: not for pages of another site", 403);
    if (!/^[A-Za-z_$][\w$.]{0,99}$/.test(name)) return text("jsonp: not the name of a function", 400);
    const { "accept-encoding": _encoding, ...headers } = request.headers;
    const answer = await handler({ ...request, headers });
    if (answer.kind !== "plain" || Buffer.isBuffer(answer.body)) return answer;
    const { "content-length": _length, ...others } = answer.headers;
    const body = typeof answer.body === "string" ? `${name}(${answer.body});` : called(name, answer.body);
    return { ...answer, headers: { ...others, "content-type": "text/javascript" }, body };
  };
}

async function* called(name: string, body: AsyncIterable<BodyPart>): AsyncGenerator<BodyPart> {
  yield Buffer.from(`${name}(`);
  yield* body;
  yield Buffer.from(");");
}
