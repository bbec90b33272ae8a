// What the files of specs/rmm-1.0/ hold, as types. The JSON schemas of specs/schema/ say the same and are checked by a test.

/** A value in a register, on the way in or out. */
export interface RegisterSpec {
  readonly name: string;
  /** `x0` to `x10`. */
  readonly reg: string;
  readonly type: string;
  readonly desc?: string;
}

export interface ContextSpec {
  readonly name: string;
  readonly value: string;
}

/** A failure row: the command returns `post` if `pre` holds. */
export interface FailureSpec {
  readonly id: string;
  readonly pre: string;
  readonly post: string;
  /** Packed beside the status; 0 if absent. */
  readonly index?: string;
  /** The architecture document has no such row. */
  readonly informal?: true;
  readonly note?: string;
}

/** What holds afterwards: on return unless `at` says right after the REC was entered, or right after it exited. */
export interface PostSpec {
  readonly id: string;
  readonly post: string;
  readonly at?: 'entry' | 'exit';
}

/** An RMI, RSI or PSCI command. Conditions are in the language of `condition.ts`. */
export interface CommandSpec {
  readonly name: string;
  readonly fid: string;
  readonly fid32?: string;
  readonly interface: 'RMI' | 'RSI' | 'PSCI';
  readonly purpose: string;
  readonly input: readonly RegisterSpec[];
  readonly output: readonly RegisterSpec[];
  /** Named values of the state before the command. */
  readonly context: readonly ContextSpec[];
  /** Named values of the state after it. */
  readonly after?: readonly ContextSpec[];
  readonly failure: readonly FailureSpec[];
  /** Pairs of rows of which the first one wins. */
  readonly order: readonly (readonly [string, string])[];
  readonly evaluationOrder: readonly string[];
  /** No failure and no success: the REC exits with a Data Abort and repeats the call when it is entered again. */
  readonly restart?: readonly { readonly id: string; readonly pre: string }[];
  readonly success: readonly PostSpec[];
  /** What the outputs are when a failure row holds. */
  readonly onFailure?: readonly PostSpec[];
  /** Locations that may change when the command succeeds. */
  readonly footprint: readonly string[];
  readonly notes?: readonly string[];
}

export interface EnumerationSpec {
  readonly name: string;
  /** Interface enumerations have encodings; those of the model are only names, apart from `Gpt`. */
  readonly of: 'interface' | 'model';
  readonly bits?: number;
  readonly signed?: true;
  /** Conditions see true and false. */
  readonly boolean?: true;
  readonly desc: string;
  readonly values: readonly { readonly name: string; readonly value?: number }[];
}

export interface BitfieldSpec {
  readonly name: string;
  readonly bits: number;
  readonly unused: 'sbz' | 'mbz';
  /** Whether conditions see the fields or the whole number. */
  readonly conditions: 'record' | 'number';
  readonly desc: string;
  readonly fields: readonly {
    readonly name: string;
    readonly high: number;
    readonly low: number;
    readonly type: string;
    readonly desc?: string;
  }[];
}

export interface StructureSpec {
  readonly name: string;
  readonly size: string;
  readonly align: string;
  readonly writtenBy: string;
  readonly unused: 'sbz' | 'mbz';
  readonly where: string;
  readonly desc: string;
  readonly fields: readonly {
    readonly name: string;
    readonly offset: string;
    /** Of one item, in bytes; items follow each other. */
    readonly size: number;
    readonly type: string;
    readonly count?: number;
    /** Goes into the RIM. */
    readonly measured?: true;
    /** The only value there is. */
    readonly value?: number;
    readonly desc?: string;
  }[];
}

export interface TypesSpec {
  readonly enumerations: readonly EnumerationSpec[];
  readonly bitfields: readonly BitfieldSpec[];
  readonly structures: readonly StructureSpec[];
}

export interface StatesSpec {
  readonly lifeCycles: readonly {
    readonly name: string;
    readonly states: string;
    readonly ripas?: string;
    readonly desc: string;
    /** From, command, to; with RIPAS beside both states where there is one. */
    readonly moves: readonly (readonly string[])[];
  }[];
}

export interface VocabularySpec {
  readonly records: readonly {
    readonly name: string;
    readonly desc: string;
    readonly fields: readonly { readonly name: string; readonly type: string; readonly desc: string }[];
  }[];
  readonly functions: readonly {
    readonly name: string;
    readonly args: readonly { readonly name: string; readonly type: string }[];
    readonly result: string;
    /** Says something about its arguments alone. */
    readonly pure?: true;
    /** May stand in a footprint. */
    readonly location?: true;
    readonly desc: string;
  }[];
}

export interface Specification {
  readonly commands: readonly CommandSpec[];
  readonly types: TypesSpec;
  readonly states: StatesSpec;
  readonly vocabulary: VocabularySpec;
}
