/** One operation of a recorded history: what a client asked, when, and what it was told. */
export interface Operation<Call, Answer> {
  /** Position in the recording at which the client called. */
  readonly calledAt: number;
  /** Position at which the answer came; undefined: no answer, the operation may take effect any time later or never. */
  readonly answeredAt: number | undefined;
  readonly call: Call;
  /** Undefined together with `answeredAt`. */
  readonly answer: Answer | undefined;
}

/** What one object does, one operation at a time. */
export interface SequentialModel<State, Call, Answer> {
  readonly initial: State;
  /**
   * The state after `call`, or undefined where a sequential object could not have given `answer`. An undefined answer
   * fits whatever the object does.
   */
  step(state: State, call: Call, answer: Answer | undefined): State | undefined;
  /** Equal for equal states, different for different ones. */
  describe(state: State): string;
}
