/** The package ships no types. */
declare module 'asl-validator' {
  export default function validate(
    definition: unknown,
    options: { readonly checkArn: boolean; readonly checkPaths: boolean },
  ): { readonly isValid: boolean; readonly errorsText: (separator: string) => string };
}
