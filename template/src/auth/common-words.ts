/**
 * Parts of easily guessed passwords: keyboard walks, greetings, popular names and things.
 * They match every combination of these parts, which a list of whole passwords (`common-passwords.txt`) cannot contain.
 */
export const GUESSABLE_WORDS: readonly string[] = `
  1q2w3e4r5t 1qaz2wsx 3edc4rfv 5tgb6yhn q1w2e3r4t5 qwertyuiop asdfghjkl zxcvbnm qwertz qwerty azerty asdfgh zxcvbn
  qazwsxedc qazwsx poiuytrewq abcdefghijklmnopqrstuvwxyz abcdefgh abcdef abc aaaa
  password passwort passphrase passcode motdepasse contrasena senha parola pass pwd secret geheim
  letmein welcome willkommen bienvenue hello hallo login signin changeme change default temporary temp test testing tester
  admin administrator root user guest master superuser system server database network computer internet google
  iloveyou ilove loveyou lovely love forever babygirl baby sweetheart princess angel sunshine flower butterfly rainbow
  monkey dragon tiger eagle shadow phoenix unicorn pokemon starwars superman batman spiderman matrix ninja hunter killer
  football baseball basketball soccer hockey liverpool chelsea arsenal barcelona juventus champion
  michael jennifer jessica daniel charlie thomas jordan ashley nicole george andrew joshua matthew robert
  january february march april june july august september october november december
  monday tuesday wednesday thursday friday saturday sunday spring summer autumn winter
  freedom whatever nothing everything trustno1 trustme access company business office market money bitcoin
  correcthorsebatterystaple this that the my is your you are and not for very secure safe strong long please
`
  .trim()
  .split(/\s+/);
