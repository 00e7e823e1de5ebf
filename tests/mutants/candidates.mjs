// Prints a JSON list of the edits that make a mutant of a project's code: node candidates.mjs PROJECT

import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';

const project = resolve(process.argv[2]);
const ts = createRequire(`${project}/package.json`)('typescript');
const { SyntaxKind: Kind } = ts;

const OPERATORS = new Map([
  ['<', '<='],
  ['<=', '<'],
  ['>', '>='],
  ['>=', '>'],
  ['&&', '||'],
  ['||', '&&'],
  ['===', '!=='],
  ['!==', '==='],
  ['+', '-'],
  ['-', '+'],
]);
const QUERY = new Set(['where', 'whereRef', 'having', 'limit', 'orderBy', 'forUpdate', 'onConflict']);
const RULE = new Set(
  'max min length gt gte lt lte int positive nonnegative nonempty regex refine check trim toLowerCase normalize strict startsWith endsWith'.split(' '),
);

/** The names around a node: of variables, properties, functions and classes. */
function place(node) {
  const names = [];
  for (let at = node.parent; at; at = at.parent) {
    const named = ts.isFunctionLike(at) || ts.isClassLike(at) || ts.isVariableDeclaration(at) || ts.isPropertyAssignment(at);
    if (named && at.name) names.unshift(at.name.getText());
  }
  return names.join('.');
}

/** The edits of one node: kind, start, end and what replaces that text. */
function* edits(node, text) {
  if (ts.isIfStatement(node) || ts.isConditionalExpression(node)) {
    const condition = ts.isIfStatement(node) ? node.expression : node.condition;
    yield ['always-true', condition.getStart(), condition.end, 'true'];
    yield ['never-true', condition.getStart(), condition.end, 'false'];
  } else if (ts.isWhileStatement(node)) {
    yield ['never-true', node.expression.getStart(), node.expression.end, 'false'];
  } else if (ts.isExpressionStatement(node)) {
    const called = ts.isAwaitExpression(node.expression) || ts.isVoidExpression(node.expression) ? node.expression.expression : node.expression;
    if (ts.isCallExpression(called) && called.expression.kind !== Kind.SuperKeyword) yield ['dropped-call', node.getStart(), node.end, ';'];
  } else if (ts.isThrowStatement(node)) {
    yield ['dropped-throw', node.getStart(), node.end, ';'];
  } else if (ts.isAwaitExpression(node)) {
    yield ['dropped-await', node.getStart(), node.expression.getStart(), ''];
  } else if (ts.isCallExpression(node) && ts.isPropertyAccessExpression(node.expression)) {
    const { name, expression } = node.expression;
    const kind = QUERY.has(name.text) ? 'dropped-query-part' : RULE.has(name.text) ? 'dropped-rule' : undefined;
    if (kind && expression.getText() !== 'Math') yield [kind, expression.end, node.end, ''];
  } else if (ts.isPropertyAssignment(node) || ts.isShorthandPropertyAssignment(node)) {
    const comma = text[node.end] === ',' ? 1 : 0;
    yield ['dropped-property', node.getStart(), node.end + comma, ''];
  } else if ((node.kind === Kind.TrueKeyword || node.kind === Kind.FalseKeyword) && !ts.isLiteralTypeNode(node.parent)) {
    yield ['flipped-boolean', node.getStart(), node.end, node.kind === Kind.TrueKeyword ? 'false' : 'true'];
  } else if (ts.isBinaryExpression(node)) {
    const { operatorToken: token } = node;
    const swapped = OPERATORS.get(token.getText());
    if (swapped) yield ['swapped-operator', token.getStart(), token.end, swapped];
  }
}

const found = [];
const names = readdirSync(join(project, 'src'), { recursive: true }).filter((name) => name.endsWith('.ts'));
for (const name of names.sort()) {
  const file = `src/${name}`;
  const text = readFileSync(join(project, file), 'utf8');
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  const visit = (node) => {
    for (const [kind, start, end, replacement] of edits(node, text)) {
      // An operator alone does not name its place.
      const original = (kind === 'swapped-operator' ? node.getText() : text.slice(start, end)).replace(/\s+/g, ' ').trim();
      const line = source.getLineAndCharacterOfPosition(start).line + 1;
      found.push({ file, start, end, replacement, kind, line, place: place(node), original });
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
}
console.log(JSON.stringify(found));
