import { damaged } from "./storage-fault.ts";

/** Reads the fields of a record that came from a file, and says which field of which file is not what it must be. */
export class Fields {
  readonly #record: object;
  readonly #file: string;
  readonly #what: string;

  constructor(value: unknown, file: string, what: string) {
    if (typeof value !== "object" || value === null) throw damaged(file, `${what} is not a record`);
    this.#record = value;
    this.#file = file;
    this.#what = what;
  }

  /** A safe integer, not negative. */
  integer(name: string): number {
    const value = this.#field(name);
    return typeof value === "number" && Number.isSafeInteger(value) && value >= 0 ? value : this.#wrong(name, value);
  }

  optionalInteger(name: string): number | undefined {
    return this.#field(name) === undefined ? undefined : this.integer(name);
  }

  text(name: string): string {
    const value = this.#field(name);
    return typeof value === "string" ? value : this.#wrong(name, value);
  }

  optionalText(name: string): string | undefined {
    return this.#field(name) === undefined ? undefined : this.text(name);
  }

  integers(name: string): readonly number[] {
    return this.#list(name).map((_, position, list) => new Fields(list, this.#file, name).integer(String(position)));
  }

  optionalIntegers(name: string): readonly number[] | undefined {
    return this.#field(name) === undefined ? undefined : this.integers(name);
  }

  /** Says no where the field is missing. */
  optionalFlag(name: string): boolean {
    const value = this.#field(name) ?? false;
    return typeof value === "boolean" ? value : this.#wrong(name, value);
  }

  records(name: string): readonly Fields[] {
    return this.#list(name).map((value) => new Fields(value, this.#file, `${this.#what}.${name}`));
  }

  record(name: string): Fields {
    return new Fields(this.#field(name), this.#file, `${this.#what}.${name}`);
  }

  optionalRecord(name: string): Fields | undefined {
    return this.#field(name) === undefined ? undefined : this.record(name);
  }

  #list(name: string): readonly unknown[] {
    const value = this.#field(name);
    return Array.isArray(value) ? value : this.#wrong(name, value);
  }

  #field(name: string): unknown {
    return Object.getOwnPropertyDescriptor(this.#record, name)?.value;
  }

  #wrong(name: string, value: unknown): never {
    throw damaged(this.#file, `${name} in ${this.#what} is ${JSON.stringify(value)}`);
  }
}
