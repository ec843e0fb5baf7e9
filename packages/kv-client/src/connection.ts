import type { ExchangeResponse, LeaderChange } from "@raftkv/proto/kv";
import { backoffMs } from "./backoff.ts";
import type { Timer } from "./clock.ts";
import type { Endpoints } from "./endpoints.ts";
import { type ExchangeRequestBody, ExchangeStream } from "./exchange-stream.ts";
import type { ClientPorts } from "./ports.ts";
import { StallWatch } from "./stall-watch.ts";

export type ExchangeAnswer = ExchangeResponse["response"];

/** One of the two that share the connection: writes and reads. */
export interface ConnectionUser {
  /** Whether somebody waits for what only a connection can give. */
  waits(): boolean;
  /** A stream stands: send what waits. */
  connected(): void;
  /** The stream is gone, and what was in flight on it has an unknown fate. None of its answers comes any more. */
  disconnected(): void;
}

export interface ConnectionOptions {
  readonly endpoints: Endpoints;
  readonly ports: ClientPorts;
  /** False: any node will do, whoever leads. */
  readonly followsLeader: boolean;
}

type State =
  | { readonly kind: "idle" }
  | { readonly kind: "connecting" }
  | { readonly kind: "waiting"; readonly timer: Timer }
  | { readonly kind: "connected"; readonly stream: ExchangeStream }
  | { readonly kind: "closed" };

interface Leaving {
  readonly reason: string;
  readonly leaderAddress: string | undefined;
  readonly timer: Timer;
}

/** How long the last answers of a node that is being left may take. */
const lastAnswersMs = 50;
/** How long a node may take to accept a connection before another is tried. */
const connectTimeoutMs = 1_000;

/**
 * Keeps one stream to the node that serves, as long as somebody waits: picks the endpoint, follows leaders, and moves on
 * after a failure, at once the first time and then with backoff. Whoever uses it sees connected, disconnected, connected.
 */
export class Connection {
  readonly #options: ConnectionOptions;
  readonly #users: ConnectionUser[] = [];
  readonly #answers = new Map<number, (answer: ExchangeAnswer) => void>();
  readonly #stallWatch: StallWatch;
  /** Set from the decision to leave a node that is not silent until its last answers have come. */
  #leaving: Leaving | undefined;
  #state: State = { kind: "idle" };
  /** Moves since the last useful answer. */
  #failures = 0;
  #lastFailure: string | undefined;
  #lastRequestId = 0;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.#stallWatch = new StallWatch(options.ports, {
      ping: (answered) => this.#stream()?.ping(answered),
      stalled: (reason) => this.leave(reason),
    });
  }

  add(user: ConnectionUser): void {
    this.#users.push(user);
  }

  /** Whether requests can be sent. */
  get connected(): boolean {
    return this.#state.kind === "connected" && this.#leaving === undefined;
  }

  /** Why the last attempt failed, since the last useful answer; for messages. */
  get lastFailure(): string | undefined {
    return this.#lastFailure;
  }

  /** Somebody waits: connect, unless that is under way. */
  need(): void {
    if (this.#state.kind === "idle") this.#connect();
  }

  /** Sends one request; `answered` is called with its answer, or never when the stream ends first. Only while connected. */
  send(request: ExchangeRequestBody, answered: (answer: ExchangeAnswer) => void): void {
    const stream = this.#stream();
    if (stream === undefined) throw new Error("a request without a connection");
    const id = ++this.#lastRequestId;
    this.#answers.set(id, answered);
    if (this.#answers.size === 1) this.#stallWatch.start();
    stream.send(id, request);
  }

  /** An answer was of use: what failed before is history, unless the node is being left all the same. */
  served(): void {
    if (this.#leaving !== undefined) return;
    this.#failures = 0;
    this.#lastFailure = undefined;
    this.#options.endpoints.served();
  }

  /**
   * This node does not serve all there is: go on to `leaderAddress`, or to the next endpoint, after the answers to what is
   * in flight. Any node serves reads: were they cut off by each refused write, they would never come to an end.
   */
  leaveAfterAnswers(reason: string, leaderAddress?: string): void {
    if (this.#stream() === undefined) return;
    if (this.#leaving !== undefined) {
      // A leader that steps down knows the next one a moment later only.
      if (leaderAddress !== undefined) this.#leaving = { ...this.#leaving, leaderAddress };
      return;
    }
    if (this.#answers.size === 0) {
      this.leave(reason, leaderAddress);
      return;
    }
    const timer = this.#options.ports.clock.setTimer(
      lastAnswersMs,
      () => this.leave(reason, this.#leaving?.leaderAddress),
      {
        background: true,
      },
    );
    this.#leaving = { reason, leaderAddress, timer };
  }

  /** As `leaveAfterAnswers`, at once. */
  leave(reason: string, leaderAddress?: string): void {
    const stream = this.#stream();
    if (stream === undefined) return;
    stream.close();
    this.#moveOn(stream, reason, leaderAddress);
  }

  /** Ends it for good. Users hear nothing of it. */
  close(): void {
    if (this.#state.kind === "waiting") this.#state.timer.cancel();
    this.#stream()?.close();
    this.#forgetRequests();
    this.#state = { kind: "closed" };
  }

  #stream(): ExchangeStream | undefined {
    return this.#state.kind === "connected" ? this.#state.stream : undefined;
  }

  #connect(): void {
    const { ports, endpoints } = this.#options;
    const address = endpoints.next();
    this.#state = { kind: "connecting" };
    ExchangeStream.open(address, ports, connectTimeoutMs).then(
      (stream) => this.#opened(stream),
      (error: unknown) => {
        if (this.#state.kind !== "connecting") return;
        endpoints.failed(address);
        this.#retry(`${address}: ${error instanceof Error ? error.message : String(error)}`, false);
      },
    );
  }

  #opened(stream: ExchangeStream): void {
    if (this.#state.kind !== "connecting") {
      stream.close();
      return;
    }
    // In this order: a node that closes the connection at once must be noticed.
    this.#state = { kind: "connected", stream };
    stream.start({
      response: (response) => this.#receive(response),
      ended: (reason) => this.#ended(reason),
    });
    void stream.members(connectTimeoutMs).then((members) => {
      if (this.#stream() === stream) this.#options.endpoints.membersAre(members);
    });
    for (const user of this.#users) user.connected();
  }

  #receive(response: ExchangeResponse): void {
    const { requestId, response: answer } = response;
    this.#stallWatch.heard();
    if (answer.case === "leaderChange") {
      this.#leaderChanged(answer.value);
      return;
    }
    if (answer.case === "membersChange") {
      this.#options.endpoints.membersAre(answer.value.addresses);
      return;
    }
    const id = Number(requestId);
    const answered = this.#answers.get(id);
    if (answered === undefined) return;
    this.#answers.delete(id);
    if (this.#answers.size === 0) this.#stallWatch.stop();
    answered(answer);
    const leaving = this.#leaving;
    if (leaving !== undefined && this.#answers.size === 0) this.leave(leaving.reason, leaving.leaderAddress);
  }

  /** Reads could go on here, but writes come sooner to where they are taken. */
  #leaderChanged({ leader }: LeaderChange): void {
    if (this.#options.followsLeader) this.leaveAfterAnswers("the leader has changed", leader?.address);
  }

  #forgetRequests(): void {
    this.#stallWatch.stop();
    this.#answers.clear();
    this.#leaving?.timer.cancel();
    this.#leaving = undefined;
  }

  #ended(reason: string): void {
    const stream = this.#stream();
    if (stream !== undefined) this.#moveOn(stream, reason, this.#leaving?.leaderAddress);
  }

  #moveOn(stream: ExchangeStream, reason: string, leaderAddress: string | undefined): void {
    const { endpoints, followsLeader } = this.#options;
    this.#forgetRequests();
    endpoints.failed(stream.address);
    const followLeader =
      followsLeader && leaderAddress !== undefined && leaderAddress !== "" && endpoints.leaderIs(leaderAddress);
    // Users put back what was in flight before anything connects again; what they ask for then waits for #retry.
    this.#state = { kind: "connecting" };
    for (const user of this.#users) user.disconnected();
    this.#retry(reason, followLeader);
  }

  #retry(reason: string, atOnce: boolean): void {
    this.#lastFailure = reason;
    this.#failures++;
    const { clock, random } = this.#options.ports;
    const delayMs = atOnce ? 0 : backoffMs(this.#failures, random);
    if (delayMs === 0) {
      this.#connectIfNeeded();
      return;
    }
    const timer = clock.setTimer(delayMs, () => this.#connectIfNeeded(), { background: true });
    this.#state = { kind: "waiting", timer };
  }

  #connectIfNeeded(): void {
    if (this.#users.some((user) => user.waits())) this.#connect();
    else this.#state = { kind: "idle" };
  }
}
