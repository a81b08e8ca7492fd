/** An attribute in DynamoDB's JSON: `{ S: 'text' }`. */
export interface Attribute {
  readonly S?: string;
  readonly N?: string;
  readonly L?: readonly unknown[];
  readonly [type: string]: unknown;
}
export type Item = Readonly<Record<string, Attribute>>;

/** What the operations share. */
export interface Expressions {
  readonly ExpressionAttributeNames?: Readonly<Record<string, string>>;
  readonly ExpressionAttributeValues?: Readonly<Record<string, Attribute>>;
}

const TOKEN = /\s*(:?[#\w]+|<=|>=|<>|[=<>(),+-])/y;

function tokenize(expression: string): string[] {
  const tokens: string[] = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < expression.trimEnd().length) {
    const from = TOKEN.lastIndex;
    const found = TOKEN.exec(expression);
    if (found?.[1] === undefined) throw new Error(`cannot read "${expression.slice(from)}"`);
    tokens.push(found[1]);
  }
  return tokens;
}

/** Reads expressions over one item, from left to right. As much of DynamoDB's language as functions here speak. */
class Reader {
  readonly #tokens: string[];
  readonly #item: Item;
  readonly #given: Expressions;
  #at = 0;

  constructor(expression: string, item: Item, given: Expressions) {
    this.#tokens = tokenize(expression);
    this.#item = item;
    this.#given = given;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#tokens.length;
  }

  /** Takes the next token if it is one of these, whatever its case. */
  take(...wanted: string[]): string | undefined {
    const token = this.#tokens[this.#at]?.toUpperCase();
    if (token === undefined || !wanted.includes(token)) return undefined;
    this.#at += 1;
    return token;
  }

  need(wanted: string): void {
    if (this.take(wanted) === undefined) throw new Error(`"${wanted}" expected, not "${this.#tokens[this.#at]}"`);
  }

  next(): string {
    const token = this.#tokens[this.#at];
    if (token === undefined) throw new Error('the expression ends early');
    this.#at += 1;
    return token;
  }

  path(): string {
    const token = this.next();
    if (!token.startsWith('#')) return token;
    const name = this.#given.ExpressionAttributeNames?.[token];
    if (name === undefined) throw new Error(`no name ${token}`);
    return name;
  }

  operand(): Attribute | undefined {
    const token = this.#tokens[this.#at] ?? '';
    if (token.startsWith(':')) {
      this.#at += 1;
      const value = this.#given.ExpressionAttributeValues?.[token];
      if (value === undefined) throw new Error(`no value ${token}`);
      return value;
    }
    if (this.#tokens[this.#at + 1] === '(') return this.#call(this.next());
    return this.#item[this.path()];
  }

  #call(name: string): Attribute | undefined {
    this.need('(');
    const first = name === 'if_not_exists' ? this.#item[this.path()] : this.operand();
    this.need(',');
    const second = this.operand();
    this.need(')');
    if (name === 'if_not_exists') return first ?? second;
    if (name === 'list_append') return { L: [...listOf(first), ...listOf(second)] };
    throw new Error(`no function ${name}`);
  }

  /** `a AND b OR NOT (c)`. */
  condition(): boolean {
    let result = this.#conjunction();
    while (this.take('OR') !== undefined) result = this.#conjunction() || result;
    return result;
  }

  #conjunction(): boolean {
    let result = this.#comparison();
    while (this.take('AND') !== undefined) result = this.#comparison() && result;
    return result;
  }

  #comparison(): boolean {
    if (this.take('NOT') !== undefined) return !this.#comparison();
    if (this.take('(') !== undefined) {
      const result = this.condition();
      this.need(')');
      return result;
    }
    const test = this.take('ATTRIBUTE_EXISTS', 'ATTRIBUTE_NOT_EXISTS', 'BEGINS_WITH');
    if (test !== undefined) return this.#test(test);
    const left = this.operand();
    const operator = this.take('=', '<>', '<', '<=', '>', '>=');
    const right = this.operand();
    if (operator === undefined) throw new Error('a comparison expected');
    return compare(left, operator, right);
  }

  #test(name: string): boolean {
    this.need('(');
    const value = this.#item[this.path()];
    let result = name === 'ATTRIBUTE_EXISTS' ? value !== undefined : value === undefined;
    if (name === 'BEGINS_WITH') {
      this.need(',');
      result = (value?.S ?? '').startsWith(this.operand()?.S ?? '');
    }
    this.need(')');
    return result;
  }
}

function listOf(attribute: Attribute | undefined): readonly unknown[] {
  return attribute?.L ?? [];
}

/** Where one side is missing, or of another type, nothing holds but that they differ. */
function compare(left: Attribute | undefined, operator: string, right: Attribute | undefined): boolean {
  if (left === undefined || right === undefined) return operator === '<>';
  const [type = ''] = Object.keys(left);
  if (!(type in right)) return operator === '<>';
  const [a, b] = type === 'N' ? [BigInt(left.N ?? 0), BigInt(right.N ?? 0)] : [left[type], right[type]];
  switch (operator) {
    case '=':
      return type === 'S' || type === 'N' ? a === b : JSON.stringify(a) === JSON.stringify(b);
    case '<>':
      return a !== b;
    case '<':
      return (a as bigint) < (b as bigint);
    case '<=':
      return (a as bigint) <= (b as bigint);
    case '>':
      return (a as bigint) > (b as bigint);
    default:
      return (a as bigint) >= (b as bigint);
  }
}

/** Whether a condition holds for an item; without one, it does. */
export function holds(condition: string | undefined, item: Item, given: Expressions): boolean {
  if (condition === undefined) return true;
  const reader = new Reader(condition, item, given);
  const result = reader.condition();
  if (!reader.isAtEnd) throw new Error(`cannot read the end of "${condition}"`);
  return result;
}

/** An item after an update: `SET a = :a, b = list_append(b, :b) REMOVE c ADD n :n`. Numbers are integers. */
export function update(expression: string, item: Item, given: Expressions): Item {
  const reader = new Reader(expression, item, given);
  const changed: Record<string, Attribute> = { ...item };
  while (!reader.isAtEnd) {
    const clause = reader.take('SET', 'REMOVE', 'ADD');
    if (clause === undefined) throw new Error(`SET, REMOVE or ADD expected in "${expression}"`);
    do {
      const name = reader.path();
      if (clause === 'REMOVE') delete changed[name];
      else if (clause === 'ADD') changed[name] = plus(item[name], reader.operand(), 1n);
      else changed[name] = assigned(reader);
    } while (reader.take(',') !== undefined);
  }
  return changed;
}

function assigned(reader: Reader): Attribute {
  reader.need('=');
  const value = reader.operand();
  if (value === undefined) throw new Error('what is assigned is not there');
  const sign = reader.take('+', '-');
  return sign === undefined ? value : plus(value, reader.operand(), sign === '+' ? 1n : -1n);
}

function plus(left: Attribute | undefined, right: Attribute | undefined, sign: bigint): Attribute {
  return { N: String(BigInt(left?.N ?? 0) + sign * BigInt(right?.N ?? 0)) };
}
