/** What goes wrong between a proxy and its manager. */

/** The manager was closed, by this program or by the one that has started it. */
export class ManagerClosedError extends Error {
  override readonly name = 'ManagerClosedError';
  readonly code = 'ERR_HEDDLE_MANAGER_CLOSED';
}

/** The manager's process has ended though nobody had closed it, or it can't be reached; `cause` says more. */
export class ManagerLostError extends Error {
  override readonly name = 'ManagerLostError';
  readonly code = 'ERR_HEDDLE_MANAGER_LOST';
}

/** What a proxy stands for is not there any more: it was freed. */
export class ManagedObjectError extends Error {
  override readonly name = 'ManagedObjectError';
  readonly code = 'ERR_HEDDLE_MANAGED_OBJECT';
}
