// The kinds of bad input that the command line adds to those of the library, and the exit code of each kind.

import { type Complaint, InputError } from '../base/input-error.ts';
import { Exit } from './exit-code.ts';

/** The command line itself is wrong: an option, an argument, a command. */
export class UsageError extends InputError {
  override name = 'UsageError';
  /** What the user may have meant. */
  readonly suggestion: string | undefined;

  constructor(complaint: Complaint & { readonly suggestion?: string | undefined }) {
    super(complaint);
    this.suggestion = complaint.suggestion;
  }
}

/** A file that cannot be opened, read or written. */
class FileError extends InputError {
  override name = 'FileError';
}

export const exitOf = (error: InputError): Exit =>
  error instanceof UsageError ? Exit.Usage : error instanceof FileError ? Exit.CannotOpen : Exit.Malformed;

/** What the system says of a file, as an error for people; anything else stays what it is. */
export function fileError(error: unknown, file: string): unknown {
  if (!(error instanceof Error) || !('code' in error) || !('syscall' in error)) return error;
  return new FileError(fileComplaint(String(error.code), file));
}

function fileComplaint(errno: string, where: string): Complaint {
  switch (errno) {
    case 'ENOENT':
      return { code: 'FILE_NOT_FOUND', where };
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return { code: 'FILE_NO_PERMISSION', where };
    case 'EISDIR':
      return { code: 'FILE_IS_A_DIRECTORY', where };
    default:
      return { code: 'FILE_UNUSABLE', where, found: errno };
  }
}
