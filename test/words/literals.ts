// String literals and texts of templates in a source, with their lines. Good enough without a parser: comments, regular
// expressions and imports are left out.

export interface Literal {
  readonly line: number;
  readonly text: string;
}

export function literalsOf(source: string): readonly Literal[] {
  const literals: Literal[] = [];
  let at = 0;
  let line = 1;
  const take = (length: number): string => {
    const part = source.slice(at, at + length);
    at += length;
    line += part.split('\n').length - 1;
    return part;
  };
  while (at < source.length) {
    const rest = source.slice(at, at + 2);
    const match = (pattern: RegExp): string | undefined => {
      pattern.lastIndex = at;
      return pattern.exec(source)?.[0];
    };
    const comment = rest === '//' ? match(/\/\/[^\n]*/y) : rest === '/*' ? match(/\/\*[\s\S]*?\*\//y) : undefined;
    if (comment !== undefined) {
      take(comment.length);
      continue;
    }
    const regex = /[=(,:&|!?[{;]\s*$|return\s*$/.test(source.slice(Math.max(0, at - 12), at))
      ? match(/\/(?![*/])(?:\\.|\[(?:\\.|[^\]\\])*\]|[^/\\\n])+\//y)
      : undefined;
    if (regex !== undefined) {
      take(regex.length);
      continue;
    }
    const quoted = match(/'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"/y);
    if (quoted !== undefined) {
      literals.push({ line, text: quoted.slice(1, -1) });
      take(quoted.length);
      continue;
    }
    if (source[at] === '`') {
      const start = line;
      const { text, length } = template(source, at);
      literals.push({ line: start, text });
      // Expressions inside may hold literals of their own.
      for (const inner of insideOf(source.slice(at + 1, at + length - 1)))
        for (const literal of literalsOf(inner)) literals.push({ line: start, text: literal.text });
      take(length);
      continue;
    }
    take(1);
  }
  return literals;
}

/** A template from its backtick on: its texts with … for each expression. */
function template(source: string, from: number): { readonly text: string; readonly length: number } {
  let text = '';
  let i = from + 1;
  while (i < source.length && source[i] !== '`') {
    if (source[i] === '\\') {
      text += source.slice(i, i + 2);
      i += 2;
    } else if (source.startsWith('${', i)) {
      i = endOfExpression(source, i);
      text += '…';
    } else text += source[i++];
  }
  return { text, length: i + 1 - from };
}

function endOfExpression(source: string, from: number): number {
  let depth = 0;
  for (let i = from + 1; i < source.length; i++) {
    if (source[i] === '{') depth++;
    else if (source[i] === '}' && --depth === 0) return i + 1;
    else if (source[i] === '`') i += template(source, i).length - 1;
    else if (source[i] === "'" || source[i] === '"') {
      const quote = source[i];
      for (i++; i < source.length && source[i] !== quote; i++) if (source[i] === '\\') i++;
    }
  }
  return source.length;
}

function insideOf(body: string): readonly string[] {
  const inner: string[] = [];
  for (let i = 0; i < body.length; i++) {
    if (body[i] === '\\') i++;
    else if (body.startsWith('${', i)) {
      const end = endOfExpression(body, i);
      inner.push(body.slice(i + 2, end - 1));
      i = end - 1;
    }
  }
  return inner;
}
