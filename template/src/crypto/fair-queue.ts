/** A waiting line in which callers take turns, however many places one of them holds. */
export interface FairQueue<Place> {
  /** Places in the line, of all callers. */
  readonly size: () => number;
  readonly join: (caller: unknown, place: Place) => void;
  readonly leave: (caller: unknown, place: Place) => void;
  /** Takes out the oldest place of the caller whose turn it is. */
  readonly next: () => Place | undefined;
}

/** Source: fair queueing (RFC 970): whoever asks a hundred times waits a hundred turns, and everybody else one. */
export function createFairQueue<Place>(): FairQueue<Place> {
  // The order of the map is the order of the turns.
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
          // Behind the others: its next place waits until each of them had a turn.
          if (lines.delete(caller)) lines.set(caller, places);
          return place;
        }
      }
      return undefined;
    },
  };
}
