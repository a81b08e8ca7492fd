/** No operation that functions call streams events: clients ask for this, and never use it. */
function refuse(): never {
  throw new Error('functions are bundled without event streams: see lib/bundle-aliases.ts');
}

export { refuse as EventStreamSerde, refuse as eventStreamSerdeProvider };

export function resolveEventStreamSerdeConfig<Config>(config: Config): Config {
  return config;
}
