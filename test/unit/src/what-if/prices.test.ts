import { describe, expect, test } from '@jest/globals';
import { createPriceReader, InvalidPricesError } from '../../../../src/what-if/prices.ts';
import { aPrice } from '../../../support/what-if.ts';

function readPrices(text: string, pieceLength = Math.max(1, text.length)) {
  const reader = createPriceReader('prices.csv');
  for (let start = 0; start < text.length; start += pieceLength) reader.push(text.slice(start, start + pieceLength));
  return reader.finish().map(({ at, asset, price }) => ({ at, asset, price }));
}

const CSV = 'at,asset,price\n2026-03-06T09:00:10Z,BTC-USDC,64000.5\n2026-03-06T10:00:05+01:00,ETH-USDC,3400\n';
const JSON_LINES = `{"at":"2026-03-06T09:00:10Z","asset":"BTC-USDC","price":"64000.5"}
{"price":3400,"asset":"ETH-USDC","at":"2026-03-06T09:00:05Z"}`;

describe('prices', () => {
  test.each([
    ['CSV', CSV],
    [
      'CSV with the line ends of Windows, a byte order mark and empty lines',
      `\uFEFF\r\n${CSV.replaceAll('\n', '\r\n\r\n')}`,
    ],
    ['JSON lines', JSON_LINES],
  ])('are read from %s, in the order of time', (_, text) => {
    const expected = [aPrice(5, '3400', 'ETH-USDC'), aPrice(10, '64000.5')];

    expect(readPrices(text)).toEqual(expected);
    expect(readPrices(text, 1)).toEqual(expected);
  });

  test('may be said twice', () => {
    expect(readPrices(`${CSV}2026-03-06T09:00:10Z,BTC-USDC,64000.50\n`)).toHaveLength(3);
  });

  const row = (text: string) => `at,asset,price\n2026-03-06T09:00:00Z,BTC-USDC,1\n${text}\n`;
  const TIME = 'at: expected ISO 8601 with Z or an offset, such as "2026-03-06T09:00:00Z"';
  const AMOUNT = 'is not an amount: expected a plain decimal with at most six decimals, such as "50.00"';
  const ASSET = 'asset: expected 1 to 40 characters without blanks, such as "BTC-USDC"';

  test.each([
    ['nothing', '', 1, 'it is empty; expected at,asset,price or JSON lines'],
    ['a header alone', 'at,asset,price\n', 1, 'there is no price in it'],
    [
      'no header',
      '2026-03-06T09:00:00Z,BTC-USDC,1\n',
      1,
      'the header is "2026-03-06T09:00:00Z,BTC-USDC,1"; expected at,asset,price',
    ],
    ['another header', 'time,asset,price\n', 1, 'the header is "time,asset,price"; expected at,asset,price'],
    ['a field too few', row('2026-03-06T09:00:00Z,BTC-USDC'), 3, '2 fields; expected 3: at,asset,price'],
    ['a comma for thousands', row('2026-03-06T09:00:00Z,BTC-USDC,64,000'), 3, '4 fields; expected 3: at,asset,price'],
    ['a time without a zone', row('2026-03-06T09:00:00,BTC-USDC,1'), 3, TIME],
    ['a day that is none', row('2026-02-30T09:00:00Z,BTC-USDC,1'), 3, TIME],
    ['epoch seconds', row('1772787600,BTC-USDC,1'), 3, TIME],
    ['a price in words', row('2026-03-06T09:00:00Z,BTC-USDC,much'), 3, `price: "much" ${AMOUNT}`],
    ['a price with an exponent', row('2026-03-06T09:00:00Z,BTC-USDC,6e4'), 3, `price: "6e4" ${AMOUNT}`],
    ['a negative price', row('2026-03-06T09:00:00Z,BTC-USDC,-1'), 3, `price: "-1" ${AMOUNT}`],
    ['a price of nothing', row('2026-03-06T09:00:00Z,BTC-USDC,0.00'), 3, 'price: must be more than nothing'],
    ['no asset', row('2026-03-06T09:00:00Z,,1'), 3, ASSET],
    ['an asset in quotes and blanks', row('2026-03-06T09:00:00Z,"BTC USDC",1'), 3, ASSET],
    [
      'two prices at a time',
      row('2026-03-06T09:00:00Z,BTC-USDC,2'),
      3,
      'BTC-USDC costs 2.00 at 2026-03-06T09:00:00.000Z, and 1.00 in line 2',
    ],
    ['JSON that is none', `${JSON_LINES}\n{"at":`, 3, 'not JSON; expected {"at": ..., "asset": ..., "price": ...}'],
    ['JSON of another kind', `${JSON_LINES}\n"hello"`, 3, 'input: Invalid input: expected object, received string'],
    [
      'JSON with a field too many',
      `{"at":"2026-03-06T09:00:00Z","asset":"A","price":"1","volume":3}`,
      1,
      'input: unknown: volume; allowed: at, asset, price',
    ],
  ])('are refused for %s, with the line', (_, text, line, problem) => {
    const read = () => readPrices(text);

    expect(read).toThrow(InvalidPricesError);
    expect(read).toThrow(`prices.csv cannot be used:\n  prices.csv:${line}: ${problem}`);
  });

  test('are refused with the first five problems and the number of the others', () => {
    const read = () => readPrices(`at,asset,price\n${'x,y\n'.repeat(8)}`);

    expect(read).toThrow(/prices\.csv:2: .*\n.*prices\.csv:6: 2 fields[^\n]*\n {2}and 3 more$/s);
  });

  test('are refused where a line never ends', () => {
    expect(() => readPrices('x'.repeat(20_000), 1000)).toThrow(
      'prices.csv:1: the line is longer than 10000 characters',
    );
  });
});
