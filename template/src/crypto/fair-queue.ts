/** A queue in which callers take turns, however many places one of them holds. */
export interface FairLine<Place> {
  /** Number of places of all callers. */
  readonly size: () => number;
  readonly join: (caller: unknown, place: Place) => void;
  readonly leave: (caller: unknown, place: Place) => void;
  /** Removes and returns the oldest place of the caller whose turn it is. */
  readonly next: () => Place | undefined;
}

/** Fair queueing (RFC 970): the hundredth place of one caller waits a hundred turns, the first place of another caller one. */
export function createFairLine<Place>(): FairLine<Place> {
  // Callers in the order of their turns.
  const lines = new Map<unknown, Set<Place>>();

  function leave(caller: unknown, place: Place): void {
    const places = lines.get(caller);
    places?.delete(place);
    if (places?.size === 0) lines.delete(caller);
  }

  return {
    size: () => lines.values().reduce((sum, places) => sum + places.size, 0),
    join: (caller, place) => {
      lines.set(caller, (lines.get(caller) ?? new Set()).add(place));
    },
    leave,
    next: () => {
      for (const [caller, places] of lines) {
        for (const place of places) {
          leave(caller, place);
          // The caller goes to the end: its next place waits until each other caller had a turn.
          if (lines.delete(caller)) lines.set(caller, places);
          return place;
        }
      }
      return undefined;
    },
  };
}
