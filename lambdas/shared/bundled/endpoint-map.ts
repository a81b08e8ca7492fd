/** Endpoints that DynamoDB's client may discover, by operation: so few that none has to be forgotten for another. */
class EndpointMap<Key, Value> extends Map<Key, Value> {
  constructor(_capacity: number) {
    super();
  }

  peek(key: Key): Value | undefined {
    return this.get(key);
  }
}

export { EndpointMap as default };
