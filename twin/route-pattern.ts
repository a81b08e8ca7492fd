/** A method and a path in which `:name` stands for any one part: `POST /escrow/release/:id`. */
export interface RoutePattern {
  readonly method: string;
  readonly parts: readonly string[];
}

export function parseRoute(text: string): RoutePattern {
  const [method = '', path = ''] = text.split(' ');
  return { method, parts: path.split('/') };
}

export function matchesRoute(route: RoutePattern, method: string, path: string): boolean {
  const parts = path.split('/');
  return (
    method === route.method &&
    parts.length === route.parts.length &&
    route.parts.every((part, index) => part === parts[index] || (part.startsWith(':') && parts[index] !== ''))
  );
}
