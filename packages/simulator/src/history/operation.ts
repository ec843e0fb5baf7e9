/** One operation of a recorded history: what a client asked, when, and what it was told. */
export interface Operation<Call, Answer> {
  /** Who asked; one and the same for what must take effect in the order issued. */
  readonly client?: string | undefined;
  /** What it was asked of; histories of different keys are judged apart, where the model allows it. */
  readonly key?: string | undefined;
  /** When the client called: on any clock that all clients of the recording share. Equal times count as overlapping. */
  readonly calledAt: number;
  /** When the answer came; undefined: no answer, the operation may take effect any time later or never. */
  readonly answeredAt: number | undefined;
  readonly call: Call;
  /**
   * What was answered. Without `answeredAt` too it may be known: the operation takes effect with that answer, or, as far
   * as this history goes, not.
   */
  readonly answer: Answer | undefined;
}

/** What one object does, one operation at a time. */
export interface SequentialModel<State, Call, Answer> {
  /**
   * It is the model of one key: a history falls apart into one history a key, which have nothing to do with each other
   * (locality: Herlihy and Wing 1990, section 3.3).
   */
  readonly partitioned?: boolean;
  readonly initial: State;
  /**
   * The state after `call`, or undefined where a sequential object could not have given `answer`. An undefined answer
   * fits whatever the object does. The state itself, not an equal one, where nothing changes.
   */
  step(state: State, call: Call, answer: Answer | undefined): State | undefined;
  /** Equal for equal states, different for different ones. */
  describe(state: State): string;
  /** The state for people, where `describe` is not meant for them. */
  show?(state: State): string;
  /** Whether `call` never changes anything, so that it says nothing without an answer. */
  readsOnly?(call: Call): boolean;
  /**
   * Equal for operations without an answer that are as good as each other, wherever one of them takes effect: the one
   * called first is then taken first. The call in JSON unless told.
   */
  likeness?(call: Call): string;
  /**
   * The same model for the search in one history: it may refuse, in addition, what no order that explains all of `history`
   * has in it.
   */
  informedBy?(history: readonly Operation<Call, Answer>[]): SequentialModel<State, Call, Answer>;
  /**
   * Where answers tell in which order operations took effect: a number that never falls along that order. Equal numbers
   * say nothing about each other, and undefined says nothing at all. It only makes the search short: `step` has to refuse
   * what contradicts it.
   */
  position?(call: Call, answer: Answer): number | undefined;
}
