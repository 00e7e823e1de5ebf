import { PROJECT_NAME } from '../project.ts';

export interface Message {
  readonly subject: string;
  readonly text: string;
}

export const message = (subject: string, ...paragraphs: readonly string[]): Message => ({
  subject: `${PROJECT_NAME}: ${subject}`,
  text: `${paragraphs.join('\n\n')}\n`,
});
